// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/binary/binary.h"
#include "joule/kernels/binary/broadcast.h"

namespace joule::reference {

template <BinaryFunction kFunction, class T>
T binary(T a, T b) {
  switch (kFunction) {
    case BinaryFunction::add:
      return a + b;
    case BinaryFunction::sub:
      return a - b;
    case BinaryFunction::mul:
      return a * b;
    case BinaryFunction::div:
      return a / b;
  }
}

template <BinaryFunction kFunction, class T>
void binary(const Broadcast& plan, const T* a, const T* b, T* y) {
  for (std::int64_t i = 0; i < plan.extents[0]; ++i) {
    for (std::int64_t j = 0; j < plan.extents[1]; ++j) {
      for (std::int64_t k = 0; k < plan.extents[2]; ++k) {
        const T* const a_row =
            a + i * plan.a_strides[0] + j * plan.a_strides[1] + k * plan.a_strides[2];
        const T* const b_row =
            b + i * plan.b_strides[0] + j * plan.b_strides[1] + k * plan.b_strides[2];
        for (std::int64_t c = 0; c < plan.columns; ++c) {
          *y++ = binary<kFunction>(a_row[c * plan.a_column], b_row[c * plan.b_column]);
        }
      }
    }
  }
}

}  // namespace joule::reference
