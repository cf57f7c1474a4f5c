// SPDX-License-Identifier: MIT
#include "joule/kernels/dropout/dropout.h"

#include <array>

#include "joule/kernels/dropout/dropout_impl.h"
#include "joule/kernels/dropout/dropout_reference.h"
#include "joule/kernels/same.h"
#include "joule/kernels/zero_mask_rows.h"

namespace joule {
namespace {

void run_reference(const ops::Dropout& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::dropout(op.x.numel(), op.x.data<T>(), op.probability, op.random, op.skip,
                       op.y.mutable_data<T>());
    op.y.attach(mask_of(op.y));
  });
}

#if JOULE_WITH_CUDA
const char* from_whole_counters(const ops::Dropout& op) {
  return op.skip == 0 ? nullptr : "draws from the first word of a counter on";
}
#endif

}  // namespace

void ops::Dropout::check() const {
  require_same(kName, {{"x", x}, {"y", y}});
  require(probability >= 0 && probability <= 1, kName, ": probability must be in [0, 1], got ",
          probability);
  require(skip >= 0 && skip < 4, kName, ": skip must be 0 to 3, got ", skip);
}

Work ops::Dropout::work() const {
  const auto bytes = static_cast<std::int64_t>(x.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes + x.numel() / 8};
}

std::span<const Implementation<ops::Dropout>> ops::Dropout::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::Dropout>{"cuda.masked_rows", Device::cuda, from_whole_counters,
                                 cuda::dropout},
#endif
    Implementation<ops::Dropout>{"cpu.simd", Device::cpu, runs_all, cpu::dropout_simd},
    Implementation<ops::Dropout>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

}  // namespace joule
