// SPDX-License-Identifier: MIT
#include "joule/kernels/pool/max_pool2d.h"

#include <array>

#include "joule/kernels/pool/max_pool2d_reference.h"
#include "joule/kernels/pool/pool_impl.h"
#include "joule/kernels/same.h"
#include "joule/kernels/zero_mask_rows.h"

namespace joule {
namespace {

void run_reference(const ops::MaxPool2d& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    std::uint8_t* index = nullptr;
    if (op.index) index = reinterpret_cast<std::uint8_t*>(op.index.mutable_data<std::int32_t>());
    reference::max_pool2d(shape_of(op), op.x.data<T>(), op.y.mutable_data<T>(), index,
                          op.index ? index_stride(op.index) : 0);
    op.y.attach(mask_of(op.y));
  });
}

void run_grad_reference(const ops::MaxPool2dGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::max_pool2d_grad(
        shape_of(op), reinterpret_cast<const std::uint8_t*>(op.index.data<std::int32_t>()),
        index_stride(op.index), op.grad_y.data<T>(), op.grad_x.mutable_data<T>());
  });
}

void check_index(std::string_view op, const Tensor& index, const Tensor& y, Size2 kernel) {
  require(kernel.h * kernel.w <= 256, op, ": an index holds at most 256 taps, kernel is ", kernel);
  require(index.dtype() == DType::i32 && index.device() == y.device() &&
              index.shape() == ops::MaxPool2d::index_shape(y.shape()),
          op, ": index is ", index.dtype(), " ", index.shape(), " on ", index.device(),
          ", expected i32 ", ops::MaxPool2d::index_shape(y.shape()), " on ", y.device());
}

}  // namespace

void ops::MaxPool2d::check() const {
  require_same(kName, {{"x", x}});
  require_shape(kName, {"y", y}, shape_of(*this).output(), x);
  if (index) check_index(kName, index, y, kernel);
}

Work ops::MaxPool2d::work() const {
  const auto y_bytes = static_cast<std::int64_t>(y.bytes());
  const auto index_bytes = static_cast<std::int64_t>(index ? index.bytes() : 0);
  return {.bytes_read = static_cast<std::int64_t>(x.bytes()),
          .bytes_written = y_bytes + y.numel() / 8 + index_bytes};
}

std::span<const Implementation<ops::MaxPool2d>> ops::MaxPool2d::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::MaxPool2d>{"cuda.one_thread_per_output", Device::cuda, runs_all,
                                   cuda::max_pool2d},
#endif
    Implementation<ops::MaxPool2d>{"cpu.simd", Device::cpu, runs_all, cpu::max_pool2d_simd},
    Implementation<ops::MaxPool2d>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::MaxPool2dGrad::check() const {
  require_same(kName, {{"grad_x", grad_x}});
  require_shape(kName, {"grad_y", grad_y}, shape_of(*this).output(), grad_x);
  require(index.defined(), kName, ": index is undefined");
  check_index(kName, index, grad_y, kernel);
}

Work ops::MaxPool2dGrad::work() const {
  return {.bytes_read = static_cast<std::int64_t>(grad_y.bytes() + index.bytes()),
          .bytes_written = static_cast<std::int64_t>(grad_x.bytes())};
}

std::span<const Implementation<ops::MaxPool2dGrad>> ops::MaxPool2dGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::MaxPool2dGrad>{"cuda.gather", Device::cuda, runs_all,
                                       cuda::max_pool2d_grad},
#endif
    Implementation<ops::MaxPool2dGrad>{"cpu.simd", Device::cpu, runs_all,
                                       cpu::max_pool2d_grad_simd},
    Implementation<ops::MaxPool2dGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule
