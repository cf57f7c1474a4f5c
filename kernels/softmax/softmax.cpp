// SPDX-License-Identifier: MIT
#include "joule/kernels/softmax/softmax.h"

#include <array>

#include "joule/core/threads.h"
#include "joule/kernels/same.h"
#include "joule/kernels/softmax/softmax_impl.h"
#include "joule/kernels/softmax/softmax_reference.h"

namespace joule {
namespace {

/// body(at) for the first element of each row of [..., K], in parallel.
template <class Body>
void for_each_row(const Shape& shape, Body&& body) {
  const std::int64_t classes = shape[-1], rows = classes ? shape.numel() / classes : 0;
  parallel_for(rows, 1 + 2048 / (1 + classes), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) body(row * classes);
  });
}

template <bool kLog>
void run_reference(const SoftmaxOf<kLog>& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.template data<T>();
    T* const y = op.y.template mutable_data<T>();
    for_each_row(op.x.shape(),
                 [&](std::int64_t at) { reference::softmax<kLog>(op.x.dim(-1), x + at, y + at); });
  });
}

template <bool kLog>
void run_grad_reference(const SoftmaxOfGrad<kLog>& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const y = op.y.template data<T>();
    const T* const grad_y = op.grad_y.template data<T>();
    T* const grad_x = op.grad_x.template mutable_data<T>();
    for_each_row(op.y.shape(), [&](std::int64_t at) {
      reference::softmax_grad<kLog>(op.y.dim(-1), y + at, grad_y + at, grad_x + at);
    });
  });
}

}  // namespace

template <bool kLog>
void SoftmaxOf<kLog>::check() const {
  require_same(kName, {{"x", x}, {"y", y}});
  require(x.shape().rank() >= 1, kName, ": x must have a last dimension, it is a scalar");
}

template <bool kLog>
Work SoftmaxOf<kLog>::work() const {
  const auto bytes = static_cast<std::int64_t>(x.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes};
}

template <bool kLog>
std::span<const Implementation<SoftmaxOf<kLog>>> SoftmaxOf<kLog>::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<SoftmaxOf>{"cuda.warp_per_row", Device::cuda, runs_all, cuda::softmax<kLog>},
#endif
    Implementation<SoftmaxOf>{kReference, Device::cpu, runs_all, run_reference<kLog>},
  };
  return kTable;
}

template <bool kLog>
void SoftmaxOfGrad<kLog>::check() const {
  require_same(kName, {{"y", y}, {"grad_y", grad_y}, {"grad_x", grad_x}});
  require(y.shape().rank() >= 1, kName, ": y must have a last dimension, it is a scalar");
}

template <bool kLog>
Work SoftmaxOfGrad<kLog>::work() const {
  const auto bytes = static_cast<std::int64_t>(y.bytes());
  return {.bytes_read = 2 * bytes, .bytes_written = bytes};
}

template <bool kLog>
std::span<const Implementation<SoftmaxOfGrad<kLog>>> SoftmaxOfGrad<kLog>::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<SoftmaxOfGrad>{"cuda.warp_per_row", Device::cuda, runs_all,
                                  cuda::softmax_grad<kLog>},
#endif
    Implementation<SoftmaxOfGrad>{kReference, Device::cpu, runs_all, run_grad_reference<kLog>},
  };
  return kTable;
}

template struct SoftmaxOf<false>;
template struct SoftmaxOf<true>;
template struct SoftmaxOfGrad<false>;
template struct SoftmaxOfGrad<true>;

}  // namespace joule
