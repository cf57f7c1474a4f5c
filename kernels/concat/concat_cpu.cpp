// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/threads.h"
#include "joule/kernels/concat/concat_impl.h"

namespace joule::cpu {
namespace {

template <class Pointer>
struct Part {
  Pointer data;
  std::int64_t channels;
};

/// body(row) for all rows, in parallel.
template <class Body>
void for_each_row(std::int64_t rows, std::int64_t channels, Body&& body) {
  parallel_for(rows, 1 + 16384 / std::max<std::int64_t>(1, channels),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) body(row);
               });
}

}  // namespace

void concat_copy(const ops::Concat& op, Context&, Tally*) {
  std::vector<Part<const float*>> parts;
  for (const Tensor& x : op.xs) parts.push_back({x.data<float>(), x.dim(-1)});
  float* const y = op.y.mutable_data<float>();
  const std::int64_t channels = op.y.dim(-1);
  for_each_row(rows_of(op.y), channels, [&](std::int64_t row) {
    float* at = y + row * channels;
    for (const auto& x : parts) at = std::copy_n(x.data + row * x.channels, x.channels, at);
  });
}

void concat_grad_copy(const ops::ConcatGrad& op, Context&, Tally*) {
  std::vector<Part<float*>> parts;
  for (const Tensor& grad_x : op.grad_xs) {
    parts.push_back({grad_x.mutable_data<float>(), grad_x.dim(-1)});
  }
  const float* const grad_y = op.grad_y.data<float>();
  const std::int64_t channels = op.grad_y.dim(-1);
  for_each_row(rows_of(op.grad_y), channels, [&](std::int64_t row) {
    const float* at = grad_y + row * channels;
    for (const auto& grad_x : parts) {
      std::copy_n(at, grad_x.channels, grad_x.data + row * grad_x.channels);
      at += grad_x.channels;
    }
  });
}

}  // namespace joule::cpu
