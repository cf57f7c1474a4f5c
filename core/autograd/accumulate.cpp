// SPDX-License-Identifier: MIT
#include "joule/core/autograd/accumulate.h"

#include <array>

#include "joule/core/autograd/accumulate_impl.h"
#include "joule/core/threads.h"

namespace joule {
namespace {

void run_reference(const ops::Accumulate& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    T* const sum = op.sum.mutable_data<T>();
    const T* const addend = op.addend.data<T>();
    parallel_for(op.sum.numel(), 1 << 14, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) sum[i] += addend[i];
    });
  });
}

}  // namespace

void ops::Accumulate::check() const {
  require(sum.shape() == addend.shape() && sum.dtype() == addend.dtype() &&
              sum.device() == addend.device(),
          "accumulate: ", sum.dtype(), " ", sum.shape(), " on ", sum.device(), " and ",
          addend.dtype(), " ", addend.shape(), " on ", addend.device(), " differ");
  require(dtype() != DType::i32, "accumulate: expected f32 or f64, got i32");
}

Work ops::Accumulate::work() const {
  const auto bytes = static_cast<std::int64_t>(sum.bytes());
  return {.bytes_read = 2 * bytes, .bytes_written = bytes};
}

std::span<const Implementation<ops::Accumulate>> ops::Accumulate::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::Accumulate>{"cuda.elementwise", Device::cuda, runs_all, cuda::accumulate},
#endif
    Implementation<ops::Accumulate>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

}  // namespace joule
