// SPDX-License-Identifier: MIT
#include "joule/kernels/resize/resize_nearest.h"

#include <algorithm>
#include <array>

#include "joule/kernels/resize/resize_impl.h"
#include "joule/kernels/resize/resize_reference.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_reference(const ops::ResizeNearest& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::resize_nearest(op.x.shape(), op.rows, op.columns, op.x.data<T>(),
                              op.y.mutable_data<T>());
  });
}

void run_grad_reference(const ops::ResizeNearestGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::resize_nearest_grad(op.grad_x.shape(), op.rows, op.columns, op.grad_y.data<T>(),
                                   op.grad_x.mutable_data<T>());
  });
}

/// Requires `large` to be the images of `small`, resized.
void check_resized(std::string_view op, const Named& small, const Named& large, const Repeats& rows,
                   const Repeats& columns) {
  require_same(op, {small});
  const Shape& x = small.tensor.shape();
  require(x.rank() == 4, op, ": ", small.name, " must have 4 dimensions, got ", x);
  require(x[3] <= kMostOfWindow, op, ": expected up to ", kMostOfWindow, " channels, got ", x[3]);
  const Shape resized{x[0], repeated(op, "rows", x[1], rows),
                      repeated(op, "columns", x[2], columns), x[3]};
  require_shape(op, large, resized, small.tensor);
}

/// How many of the rows are in the result.
std::int64_t rows_read(std::int64_t extent, const Repeats& repeats) {
  if (repeats.size() == 1) return extent;
  return std::ranges::count_if(repeats, [](std::int64_t copies) { return copies > 0; });
}

}  // namespace

std::int64_t repeated(std::string_view op, std::string_view what, std::int64_t extent,
                      const Repeats& repeats) {
  require(extent <= kMostOfWindow, op, ": expected up to ", kMostOfWindow, " ", what, ", got ",
          extent);
  require(repeats.size() == 1 || std::ssize(repeats) == extent, op, ": ", what,
          ": expected one number for all, or one for each of ", extent, ", got ", repeats.size(),
          " numbers");
  std::int64_t sum = 0;
  for (const std::int64_t copies : repeats) {
    require(copies >= 0 && copies <= kMostOfWindow, op, ": ", what, ": expected from 0 to ",
            kMostOfWindow, " copies, got ", copies);
    sum += copies;  // at most 2^62
  }
  if (repeats.size() == 1) sum *= extent;
  require(sum >= 1 && sum <= kMostOfWindow, op, ": expected from 1 to ", kMostOfWindow, " ", what,
          " in the result, got ", sum);
  return sum;
}

void ops::ResizeNearest::check() const { check_resized(kName, {"x", x}, {"y", y}, rows, columns); }

Work ops::ResizeNearest::work() const {
  const std::int64_t pixels = x.dim(0) * rows_read(x.dim(1), rows) * rows_read(x.dim(2), columns);
  const std::int64_t bytes_of_pixel = x.dim(3) * static_cast<std::int64_t>(size_of(x.dtype()));
  return {.bytes_read = pixels * bytes_of_pixel,
          .bytes_written = static_cast<std::int64_t>(y.bytes())};
}

std::span<const Implementation<ops::ResizeNearest>> ops::ResizeNearest::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::ResizeNearest>{"cuda.tiles", Device::cuda, runs_all, cuda::resize_nearest},
#endif
    Implementation<ops::ResizeNearest>{"cpu.rows", Device::cpu, runs_all, cpu::resize_nearest_rows},
    Implementation<ops::ResizeNearest>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::ResizeNearestGrad::check() const {
  check_resized(kName, {"grad_x", grad_x}, {"grad_y", grad_y}, rows, columns);
}

Work ops::ResizeNearestGrad::work() const {
  return {.bytes_read = static_cast<std::int64_t>(grad_y.bytes()),
          .bytes_written = static_cast<std::int64_t>(grad_x.bytes())};
}

std::span<const Implementation<ops::ResizeNearestGrad>> ops::ResizeNearestGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::ResizeNearestGrad>{"cuda.tiles", Device::cuda, runs_all,
                                           cuda::resize_nearest_grad},
#endif
    Implementation<ops::ResizeNearestGrad>{"cpu.rows", Device::cpu, runs_all,
                                           cpu::resize_nearest_grad_rows},
    Implementation<ops::ResizeNearestGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule
