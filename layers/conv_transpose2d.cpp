// SPDX-License-Identifier: MIT
#include "joule/layers/conv_transpose2d.h"

namespace joule::nn {
namespace {

/// fan_in of [out, ..., in] is what one output sums, which here is a column of the weight: the
/// other way round than initialise() has it.
Init turned(Init init) {
  if (init == Init::he_normal) return Init::he_normal_out;
  return init == Init::he_normal_out ? Init::he_normal : init;
}

}  // namespace

ConvTranspose2d::ConvTranspose2d(const ConvTranspose2dOptions& o) : options_(o) {
  require(o.in > 0 && o.out > 0 && o.kernel.h > 0 && o.kernel.w > 0,
          "ConvTranspose2d: in, out and kernel must be positive, got in=", o.in, " out=", o.out,
          " kernel=", o.kernel);
  require(o.groups > 0 && o.in % o.groups == 0 && o.out % o.groups == 0,
          "ConvTranspose2d: groups=", o.groups, " must divide in=", o.in, " and out=", o.out);
  weight_ = add_parameter(
      "weight", initialise(turned(o.init), {o.in, o.kernel.h, o.kernel.w, o.out / o.groups}));
  if (o.bias) bias_ = add_parameter("bias", Tensor::zeros({o.out}));
}

std::string ConvTranspose2d::describe() const {
  const ConvTranspose2dOptions& o = options_;
  std::string text = str("ConvTranspose2d(", o.in, ", ", o.out, ", kernel=", o.kernel);
  if (o.stride != Size2(1)) text += str(", stride=", o.stride);
  if (o.padding != Size2(0)) text += str(", padding=", o.padding);
  if (o.output_padding != Size2(0)) text += str(", output_padding=", o.output_padding);
  if (o.dilation != Size2(1)) text += str(", dilation=", o.dilation);
  if (o.groups != 1) text += str(", groups=", o.groups);
  return text + (o.bias ? ")" : ", no bias)");
}

Tensor ConvTranspose2d::forward(Tensor x) {
  const ConvTranspose2dOptions& o = options_;
  const ConvParams params{
      .stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups};
  return conv_transpose2d(x, weight_, bias_, params, o.output_padding);
}

}  // namespace joule::nn
