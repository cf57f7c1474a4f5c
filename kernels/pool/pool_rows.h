// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/kernels/pool/pool_shape.h"

// One thread's part of a pooling; private to this folder.
namespace joule::cpu {

struct MaxPool2dRows {
  PoolShape shape;
  std::int64_t begin, end;  // of the batch * out_h output rows
  const float* x;
  float* y;
  std::uint8_t* index;  // or null
  std::int64_t index_stride;
  std::uint64_t* mask;
};

struct MaxPool2dGradRows {
  PoolShape shape;
  std::int64_t begin, end;   // of the batch * in_h input rows
  const PoolRange* columns;  // windows_w() of each input column
  const std::uint8_t* index;
  std::int64_t index_stride;
  const float* grad_y;
  float* grad_x;
};

struct AvgPool2dRows {
  PoolShape shape;
  const float* counts;      // by what the sum of each window [out_h, out_w] is divided
  std::int64_t begin, end;  // of the batch * out_h output rows
  const float* x;
  float* y;
};

struct WindowGrads {
  PoolShape shape;
  const float* counts;      // as above
  std::int64_t begin, end;  // of the batch * out_h output rows
  const float* grad_y;
  float* grad_sum;  // grad_y / count
};

struct AvgPool2dGradRows {
  PoolShape shape;
  std::int64_t begin, end;   // of the batch * in_h input rows
  const PoolRange* columns;  // windows_w() of each input column
  const float* grad_sum;     // of each window
  float* grad_x;
};

}  // namespace joule::cpu
