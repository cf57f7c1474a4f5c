// SPDX-License-Identifier: MIT
#include "joule/layers/modules.h"

namespace joule::nn {
namespace {

Size2 stride_or_kernel(Size2 stride, Size2 kernel) { return stride == Size2(0) ? kernel : stride; }

std::string describe_pool(std::string_view name, Size2 kernel, Size2 stride, Size2 padding,
                          bool ceil_mode) {
  return str(name, "(", kernel, ", stride=", stride,
             padding == Size2(0) ? "" : ", padding=", padding == Size2(0) ? "" : str(padding),
             ceil_mode ? ", ceil_mode" : "");
}

}  // namespace

Conv2d::Conv2d(const Conv2dOptions& o)
    : options_(o),
      params_{
          .stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups} {
  require(o.in > 0 && o.out > 0 && o.kernel.h > 0 && o.kernel.w > 0,
          "Conv2d: in, out and kernel must be positive, got in=", o.in, " out=", o.out,
          " kernel=", o.kernel);
  require(o.groups > 0 && o.in % o.groups == 0 && o.out % o.groups == 0,
          "Conv2d: groups=", o.groups, " must divide in=", o.in, " and out=", o.out);
  weight_ =
      add_parameter("weight", initialise(o.init, {o.out, o.kernel.h, o.kernel.w, o.in / o.groups}));
  if (o.bias) bias_ = add_parameter("bias", Tensor::zeros({o.out}));
}

std::string Conv2d::describe() const {
  const Conv2dOptions& o = options_;
  std::string text = str("Conv2d(", o.in, ", ", o.out, ", kernel=", o.kernel);
  if (o.stride != Size2(1)) text += str(", stride=", o.stride);
  if (o.padding != Size2(0)) text += str(", padding=", o.padding);
  if (o.dilation != Size2(1)) text += str(", dilation=", o.dilation);
  if (o.groups != 1) text += str(", groups=", o.groups);
  return text + (o.bias ? ")" : ", no bias)");
}

Tensor Conv2d::forward(Tensor x) { return conv2d(std::move(x), weight_, bias_, params_); }

Linear::Linear(std::int64_t in, std::int64_t out, const LinearOptions& options)
    : in_(in), out_(out), options_(options) {
  require(in > 0 && out > 0, "Linear: in and out must be positive, got in=", in, " out=", out);
  weight_ = add_parameter("weight", initialise(options.init, {out, in}));
  if (options.bias) bias_ = add_parameter("bias", Tensor::zeros({out}));
}

std::string Linear::describe() const {
  return str("Linear(", in_, ", ", out_, bias_ ? ")" : ", no bias)");
}

Tensor Linear::forward(Tensor x) { return linear(std::move(x), weight_, bias_); }

ReLU::ReLU(float threshold) : threshold_(threshold) { require_threshold("ReLU", threshold); }

std::string ReLU::describe() const {
  return threshold_ == 0 ? "ReLU()" : str("ReLU(threshold=", threshold_, ")");
}

SmoothL0 ReLU::wanted_l0() {
  const TapCollector* const taps = TapCollector::current();
  return taps ? SmoothL0{taps->options().sigma, taps->options().cutoff} : SmoothL0{};
}

void ReLU::tap(const ReluOutput& output) {
  if (TapCollector* const taps = TapCollector::current()) {
    taps->add({.layer = context().scope.layer,
               .value = output.y,
               .l0 = wanted_l0(),
               .l0_sum = output.l0_sum});
  }
}

Tensor ReLU::forward(Tensor x) {
  ReluOutput output = relu_with_l0(std::move(x), wanted_l0(), threshold_);
  tap(output);
  return std::move(output.y);
}

MaxPool2d::MaxPool2d(Size2 kernel, Size2 stride, Size2 padding, const MaxPoolOptions& options)
    : kernel_(kernel),
      stride_(stride_or_kernel(stride, kernel)),
      padding_(padding),
      options_(options) {}
std::string MaxPool2d::describe() const {
  return describe_pool("MaxPool2d", kernel_, stride_, padding_, options_.ceil_mode) + ")";
}
Tensor MaxPool2d::forward(Tensor x) {
  return max_pool2d(std::move(x), kernel_, stride_, padding_, options_);
}

AvgPool2d::AvgPool2d(Size2 kernel, Size2 stride, Size2 padding, const AvgPoolOptions& options)
    : kernel_(kernel),
      stride_(stride_or_kernel(stride, kernel)),
      padding_(padding),
      options_(options) {}
std::string AvgPool2d::describe() const {
  return describe_pool("AvgPool2d", kernel_, stride_, padding_, options_.ceil_mode) +
         (options_.count_include_pad ? ")" : ", count_include_pad=false)");
}
Tensor AvgPool2d::forward(Tensor x) {
  return avg_pool2d(std::move(x), kernel_, stride_, padding_, options_);
}

BatchNorm::BatchNorm(std::int64_t channels, const BatchNormOptions& options)
    : channels_(channels), options_(options) {
  require(channels > 0, "BatchNorm: channels must be positive, got ", channels);
  gamma_ = add_parameter("weight", Tensor::full({channels}, 1.0f));
  beta_ = add_parameter("bias", Tensor::zeros({channels}));
  running_mean_ = add_buffer("running_mean", Tensor::zeros({channels}));
  running_var_ = add_buffer("running_var", Tensor::full({channels}, 1.0f));
}
std::string BatchNorm::describe() const { return str("BatchNorm(", channels_, ")"); }
Tensor BatchNorm::forward(Tensor x) {
  return batch_norm(std::move(x), gamma_, beta_, running_mean_, running_var_, training(), options_);
}

Dropout::Dropout(float probability) : probability_(probability) {
  require(probability >= 0 && probability <= 1, "Dropout: probability must lie in [0, 1], got ",
          probability);
}
std::string Dropout::describe() const { return str("Dropout(", probability_, ")"); }
Tensor Dropout::forward(Tensor x) {
  if (!training() || probability_ == 0) return x;
  return dropout(std::move(x), probability_);
}

}  // namespace joule::nn
