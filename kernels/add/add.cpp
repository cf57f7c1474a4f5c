// SPDX-License-Identifier: MIT
#include "joule/kernels/add/add.h"

#include <array>

#include "joule/kernels/add/add_impl.h"
#include "joule/kernels/add/add_reference.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_reference(const Add& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::add(op.y.numel(), op.a.data<T>(), op.b.data<T>(), op.y.mutable_data<T>());
  });
}

}  // namespace

void Add::check() const { require_same(kName, {{"a", a}, {"b", b}, {"y", y}}); }

Work Add::work() const {
  const auto bytes = static_cast<std::int64_t>(y.bytes());
  return {.bytes_read = 2 * bytes, .bytes_written = bytes};
}

std::span<const Implementation<Add>> Add::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<Add>{"cuda.elementwise", Device::cuda, runs_all, cuda::add},
#endif
    Implementation<Add>{"cpu.simd", Device::cpu, runs_all, cpu::add_simd},
    Implementation<Add>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

}  // namespace joule
