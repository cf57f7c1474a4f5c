// SPDX-License-Identifier: MIT
#include "data/layout.h"

#include <string_view>

#include "core/error.h"

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

}  // namespace

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

}  // namespace joule
