// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/constant.h"

#include <string>

#include "joule/core/error.h"

namespace joule::exchange {

std::int64_t elements(std::span<const std::int64_t> dims) {
  constexpr std::size_t kMostDimensions = 16;
  require(dims.size() <= kMostDimensions, "expected at most ", kMostDimensions, " dimensions, got ",
          dims.size());
  std::int64_t left = kMostElements, count = 1;
  for (const std::int64_t dim : dims) {
    require(dim >= 0, "expected no negative dimension, got ", dims_text(dims));
    require(dim <= left, "expected at most ", kMostElements, " elements, got ", dims_text(dims));
    if (dim > 0) left /= dim;
    count *= dim;
  }
  return count;
}

std::string dims_text(std::span<const std::int64_t> dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    text += (i ? "," : "") + (dims[i] == kBatch ? "N" : std::to_string(dims[i]));
  }
  return text + "]";
}

std::size_t axis_at(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  require(axis >= -count && axis < count, "there is no axis ", axis, " of ", rank, " dimensions");
  return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
}

const std::vector<std::int64_t>& integers_of(const Constant& constant, const char* what) {
  require(constant.type == ElementType::integer && constant.dims.size() <= 1, what,
          ": expected a list of whole numbers, got ", constant.is_float() ? "floats " : "",
          dims_text(constant.dims));
  return constant.integers;
}

float scalar_of(const Constant& constant, const char* what) {
  require(constant.type == ElementType::f32 && constant.floats.size() == 1, what,
          ": expected one float32, got ", dims_text(constant.dims));
  return constant.floats[0];
}

Tensor tensor_of(const Constant& constant, const char* what) {
  require(constant.type == ElementType::f32, what, ": expected float32, got ",
          constant.type == ElementType::f64 ? "float64" : "whole numbers");
  return Tensor::from(constant.floats, Shape(constant.dims));
}

}  // namespace joule::exchange
