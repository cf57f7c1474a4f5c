// SPDX-License-Identifier: MIT
#include "joule/kernels/slice/slice.h"

#include <algorithm>
#include <array>

#include "joule/core/threads.h"
#include "joule/kernels/same.h"
#include "joule/kernels/slice/slice_impl.h"
#include "joule/kernels/slice/slice_reference.h"

namespace joule {
namespace {

std::int64_t rows_worth_a_thread(const Box& box) { return 1 + 16384 / (1 + box.extents[3]); }

void run_slice(const ops::Slice& op, Context&, Tally*) {
  const Box box = box_of(op.y.shape(), op.x.shape(), op.first);
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.data<T>();
    T* const y = op.y.mutable_data<T>();
    parallel_for(box.rows(), rows_worth_a_thread(box), [&](std::int64_t begin, std::int64_t end) {
      reference::for_each_in_box(box, begin, end,
                                 [&](std::int64_t at, std::int64_t within) { y[at] = x[within]; });
    });
  });
}

void run_pad(const ops::Pad& op, Context&, Tally*) {
  const Box box = box_of(op.x.shape(), op.y.shape(), op.first);
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.data<T>();
    T* const y = op.y.mutable_data<T>();
    std::fill_n(y, op.y.numel(), T(0));
    parallel_for(box.rows(), rows_worth_a_thread(box), [&](std::int64_t begin, std::int64_t end) {
      reference::for_each_in_box(box, begin, end,
                                 [&](std::int64_t at, std::int64_t within) { y[within] = x[at]; });
    });
  });
}

void check_box(std::string_view op, const Named& inner, const Named& outer, const Offsets& first) {
  require_same(op, {outer});
  require_same(op, {inner});
  const Shape &in = inner.tensor.shape(), &out = outer.tensor.shape();
  require_shape(op, inner, in, outer.tensor);
  require(in.rank() == out.rank(), op, ": ", inner.name, " is ", in, ", ", outer.name, " is ", out,
          ": the dimensions must be as many");
  for (int d = 1; d <= Shape::kMaxRank; ++d) {
    const std::int64_t begin = first[static_cast<std::size_t>(Shape::kMaxRank - d)];
    const std::int64_t extent = d <= in.rank() ? in[-d] : 1, of = d <= in.rank() ? out[-d] : 1;
    require(begin >= 0 && begin <= of && extent <= of - begin, op, ": ", inner.name, " is ", in,
            ", which does not lie in ", outer.name, ", ", out, ", from ", begin,
            " on in dimension ", -d);
  }
}

}  // namespace

void ops::Slice::check() const { check_box(kName, {"y", y}, {"x", x}, first); }

Work ops::Slice::work() const {
  const auto bytes = static_cast<std::int64_t>(y.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes};
}

std::span<const Implementation<ops::Slice>> ops::Slice::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::Slice>{"cuda.elementwise", Device::cuda, runs_all, cuda::slice},
#endif
    Implementation<ops::Slice>{"cpu.rows", Device::cpu, runs_all, cpu::slice_rows},
    Implementation<ops::Slice>{kReference, Device::cpu, runs_all, run_slice},
  };
  return kTable;
}

void ops::Pad::check() const { check_box(kName, {"x", x}, {"y", y}, first); }

Work ops::Pad::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes()),
          .bytes_written = static_cast<std::int64_t>(y.bytes())};
}

std::span<const Implementation<ops::Pad>> ops::Pad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::Pad>{"cuda.elementwise", Device::cuda, runs_all, cuda::pad},
#endif
    Implementation<ops::Pad>{"cpu.rows", Device::cpu, runs_all, cpu::pad_rows},
    Implementation<ops::Pad>{kReference, Device::cpu, runs_all, run_pad},
  };
  return kTable;
}

}  // namespace joule
