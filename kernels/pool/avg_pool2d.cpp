// SPDX-License-Identifier: MIT
#include "joule/kernels/pool/avg_pool2d.h"

#include <array>

#include "joule/kernels/pool/avg_pool2d_reference.h"
#include "joule/kernels/pool/pool_impl.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_reference(const ops::AvgPool2d& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::avg_pool2d(shape_of(op), op.count_include_pad, op.x.data<T>(),
                          op.y.mutable_data<T>());
  });
}

void run_grad_reference(const ops::AvgPool2dGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::avg_pool2d_grad(shape_of(op), op.count_include_pad, op.grad_y.data<T>(),
                               op.grad_x.mutable_data<T>());
  });
}

}  // namespace

void ops::AvgPool2d::check() const {
  require_same(kName, {{"x", x}});
  require_shape(kName, {"y", y}, shape_of(*this).output(), x);
}

Work ops::AvgPool2d::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes()),
          .bytes_written = static_cast<std::int64_t>(y.bytes())};
}

std::span<const Implementation<ops::AvgPool2d>> ops::AvgPool2d::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::AvgPool2d>{"cuda.one_thread_per_output", Device::cuda, runs_all,
                                   cuda::avg_pool2d},
#endif
    Implementation<ops::AvgPool2d>{"cpu.simd", Device::cpu, runs_all, cpu::avg_pool2d_simd},
    Implementation<ops::AvgPool2d>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::AvgPool2dGrad::check() const {
  require_same(kName, {{"grad_x", grad_x}});
  require_shape(kName, {"grad_y", grad_y}, shape_of(*this).output(), grad_x);
}

Work ops::AvgPool2dGrad::work() const {
  return {.bytes_read = static_cast<std::int64_t>(grad_y.bytes()),
          .bytes_written = static_cast<std::int64_t>(grad_x.bytes())};
}

std::span<const Implementation<ops::AvgPool2dGrad>> ops::AvgPool2dGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::AvgPool2dGrad>{"cuda.gather", Device::cuda, runs_all,
                                       cuda::avg_pool2d_grad},
#endif
    Implementation<ops::AvgPool2dGrad>{"cpu.simd", Device::cpu, runs_all,
                                       cpu::avg_pool2d_grad_simd},
    Implementation<ops::AvgPool2dGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule
