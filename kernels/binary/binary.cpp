// SPDX-License-Identifier: MIT
#include "joule/kernels/binary/binary.h"

#include <array>

#include "joule/kernels/binary/binary_impl.h"
#include "joule/kernels/binary/binary_reference.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

template <BinaryFunction kFunction>
void run_reference(const Binary<kFunction>& op, Context&, Tally*) {
  const Broadcast plan = broadcast_of(op.a.shape(), op.b.shape(), op.y.shape());
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::binary<kFunction>(plan, op.a.template data<T>(), op.b.template data<T>(),
                                 op.y.template mutable_data<T>());
  });
}

}  // namespace

template <BinaryFunction kFunction>
void Binary<kFunction>::check() const {
  require_same(kName, {{"a", a}});
  require_same(kName, {{"b", b}});
  require(a.dtype() == b.dtype() && a.device() == b.device(), kName, ": a is ", a.dtype(), " ",
          a.shape(), " on ", a.device(), ", b is ", b.dtype(), " ", b.shape(), " on ", b.device());
  require_shape(kName, {"y", y}, broadcast_shape(kName, a.shape(), b.shape()), a);
}

template <BinaryFunction kFunction>
Work Binary<kFunction>::work() const {
  return {.bytes_read = static_cast<std::int64_t>(a.bytes() + b.bytes()),
          .bytes_written = static_cast<std::int64_t>(y.bytes())};
}

template <BinaryFunction kFunction>
std::span<const Implementation<Binary<kFunction>>> Binary<kFunction>::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<Binary>{"cuda.elementwise", Device::cuda, runs_all, cuda::binary<kFunction>},
#endif
    Implementation<Binary>{"cpu.simd", Device::cpu, runs_all, cpu::binary_simd<kFunction>},
    Implementation<Binary>{kReference, Device::cpu, runs_all, run_reference<kFunction>},
  };
  return kTable;
}

template struct Binary<BinaryFunction::add>;
template struct Binary<BinaryFunction::sub>;
template struct Binary<BinaryFunction::mul>;
template struct Binary<BinaryFunction::div>;

}  // namespace joule
