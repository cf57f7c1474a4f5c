// SPDX-License-Identifier: MIT
#include "joule/io/layout.h"

#include <string_view>

#include "joule/core/error.h"

namespace joule {
namespace {

/// Transposes each of `count` matrices [rows, columns].
void transpose(std::int64_t count, std::int64_t rows, std::int64_t columns, const float* from,
               float* to) {
  for (std::int64_t m = 0; m < count; ++m, from += rows * columns) {
    for (std::int64_t c = 0; c < columns; ++c) {
      for (std::int64_t r = 0; r < rows; ++r) *to++ = from[r * columns + c];
    }
  }
}

void check(std::string_view name, const Tensor& weight) {
  require(weight.shape().rank() == 4 && weight.dtype() == DType::f32, name,
          ": expected f32 weights of rank 4, got ", weight.dtype(), " ", weight.shape());
}

Tensor convert(const Tensor& weight, WeightLayout to) {
  return to == WeightLayout::oihw ? ohwi_to_oihw(weight) : oihw_to_ohwi(weight);
}

/// The last dimension holds the values of an image [H,W,C].
Tensor convert_flattened(const Tensor& tensor, const Shape& hwc, WeightLayout to) {
  const std::int64_t rows = tensor.numel() / hwc.numel();
  const Shape images = to == WeightLayout::oihw ? Shape{rows, hwc[0], hwc[1], hwc[2]}
                                                : Shape{rows, hwc[2], hwc[0], hwc[1]};
  return convert(tensor.reshape(images), to).reshape(tensor.shape());
}

/// Converts what layer `name` has of rank `rank` with as many columns as the image has values.
bool convert_layer(std::map<std::string, Tensor>& tensors, const std::string& name,
                   const Shape& hwc, int rank, WeightLayout to) {
  bool found = false;
  const std::string prefix = name + ".";
  for (auto at = tensors.lower_bound(prefix); at != tensors.end() && at->first.starts_with(prefix);
       ++at) {
    Tensor& tensor = at->second;
    if (tensor.shape().rank() != rank || tensor.dim(rank - 1) != hwc.numel()) continue;
    if (tensor.dtype() != DType::f32) continue;
    tensor = convert_flattened(tensor, hwc, to);
    found = true;
  }
  return found;
}

}  // namespace

std::string_view name(WeightLayout layout) {
  return layout == WeightLayout::oihw ? "oihw" : "ohwi";
}

Tensor ohwi_to_oihw(const Tensor& weight) {
  check("ohwi_to_oihw", weight);
  const Shape& s = weight.shape();
  const Tensor result({s[0], s[3], s[1], s[2]});
  transpose(s[0], s[1] * s[2], s[3], weight.data<float>(), result.mutable_data<float>());
  return result;
}

Tensor oihw_to_ohwi(const Tensor& weight) {
  check("oihw_to_ohwi", weight);
  const Shape& s = weight.shape();
  const Tensor result({s[0], s[2], s[3], s[1]});
  transpose(s[0], s[1], s[2] * s[3], weight.data<float>(), result.mutable_data<float>());
  return result;
}

std::map<std::string, Tensor> convert_layout(const std::map<std::string, Tensor>& tensors,
                                             const FlattenedInputs& flattened, WeightLayout to) {
  std::map<std::string, Tensor> converted = tensors;
  for (auto& [name, tensor] : converted) {
    if (tensor.defined() && tensor.device() != Device::cpu) tensor = tensor.to(Device::cpu);
    if (tensor.defined() && tensor.shape().rank() == 4 && tensor.dtype() == DType::f32) {
      tensor = convert(tensor, to);
    }
  }
  for (const auto& [name, hwc] : flattened) {
    require(hwc.rank() == 3 && hwc.numel() > 0, "layout: layer '", name,
            "': expected a flattened image [H,W,C], got ", hwc);
    require(
        convert_layer(converted, name, hwc, 2, to) || convert_layer(converted, name, hwc, 1, to),
        "layout: no tensor of layer '", name, "' has the ", hwc.numel(),
        " columns of a flattened image ", hwc);
  }
  return converted;
}

bool depends_on_layout(const Tensor& tensor) {
  return tensor.defined() && tensor.dtype() == DType::f32 && tensor.shape().rank() == 4 &&
         tensor.numel() > tensor.dim(0);
}

bool may_read_flattened(const Tensor& tensor) {
  return tensor.defined() && tensor.dtype() == DType::f32 && tensor.shape().rank() == 2 &&
         tensor.numel() > 0 && tensor.dim(1) >= 4;
}

}  // namespace joule
