// SPDX-License-Identifier: MIT
#include "joule/kernels/pool/global_avg_pool.h"

#include <array>

#include "joule/kernels/pool/global_avg_pool_reference.h"
#include "joule/kernels/pool/pool_impl.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void check_images(std::string_view op, const Named& images, const Named& means) {
  require_same(op, {images});
  const Shape& x = images.tensor.shape();
  require(x.rank() == 4 && x[1] >= 1 && x[2] >= 1, op, ": ", images.name,
          " must be images [N,H,W,C] with at least one pixel, got ", x);
  require_shape(op, means, {x[0], x[3]}, images.tensor);
}

void run_reference(const ops::GlobalAvgPool& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::global_avg_pool(op.x.dim(0), op.x.dim(1) * op.x.dim(2), op.x.dim(3), op.x.data<T>(),
                               op.y.mutable_data<T>());
  });
}

void run_grad_reference(const ops::GlobalAvgPoolGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::global_avg_pool_grad(op.grad_x.dim(0), op.grad_x.dim(1) * op.grad_x.dim(2),
                                    op.grad_x.dim(3), op.grad_y.data<T>(),
                                    op.grad_x.mutable_data<T>());
  });
}

}  // namespace

void ops::GlobalAvgPool::check() const { check_images(kName, {"x", x}, {"y", y}); }

Work ops::GlobalAvgPool::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes()),
          .bytes_written = static_cast<std::int64_t>(y.bytes())};
}

std::span<const Implementation<ops::GlobalAvgPool>> ops::GlobalAvgPool::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::GlobalAvgPool>{"cuda.one_thread_per_output", Device::cuda, runs_all,
                                       cuda::global_avg_pool},
#endif
    Implementation<ops::GlobalAvgPool>{"cpu.simd", Device::cpu, runs_all,
                                       cpu::global_avg_pool_simd},
    Implementation<ops::GlobalAvgPool>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::GlobalAvgPoolGrad::check() const {
  check_images(kName, {"grad_x", grad_x}, {"grad_y", grad_y});
}

Work ops::GlobalAvgPoolGrad::work() const {
  return {.bytes_read = static_cast<std::int64_t>(grad_y.bytes()),
          .bytes_written = static_cast<std::int64_t>(grad_x.bytes())};
}

std::span<const Implementation<ops::GlobalAvgPoolGrad>> ops::GlobalAvgPoolGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::GlobalAvgPoolGrad>{"cuda.gather", Device::cuda, runs_all,
                                           cuda::global_avg_pool_grad},
#endif
    Implementation<ops::GlobalAvgPoolGrad>{"cpu.simd", Device::cpu, runs_all,
                                           cpu::global_avg_pool_grad_simd},
    Implementation<ops::GlobalAvgPoolGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule
