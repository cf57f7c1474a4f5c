// SPDX-License-Identifier: MIT
#include "joule/kernels/matmul/matmul.h"

#include <array>

#include "joule/kernels/count_zeros.h"
#include "joule/kernels/matmul/matmul_impl.h"
#include "joule/kernels/matmul/matmul_reference.h"
#include "joule/kernels/product/cublas.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_reference(const ops::MatMul& op, Context&, Tally* tally) {
  const auto [batch, m, n, k] = extents_of(op);
  visit_float(op.dtype(), [&, batch = batch, m = m, n = n, k = k]<class T>(T) {  // Clang 14
    for (std::int64_t i = 0; i < batch; ++i) {
      reference::matmul(m, n, k, op.a.data<T>() + i * m * k, op.transpose_a ? 1 : k,
                        op.transpose_a ? m : 1, op.b.data<T>() + i * k * n, op.transpose_b ? 1 : n,
                        op.transpose_b ? k : 1, op.y.mutable_data<T>() + i * m * n);
    }
  });
  count_zeros(tally, op.a, n);
}

void run_gemm(const ops::MatMul& op, Context&, Tally* tally) {
  for_each_product(op, [](const Gemm& product) { cpu::gemm(product); });
  count_zeros(tally, op.a, op.y.dim(-1));
}

[[maybe_unused]] const char* empty(const ops::MatMul& op) {
  return op.a.numel() && op.b.numel() ? nullptr : "needs non-empty operands";
}

#if JOULE_WITH_CUBLAS
const char* by_cublas(const ops::MatMul& op) {
  if (const char* const why = empty(op)) return why;
  return cublas::unavailable();
}
#endif

}  // namespace

void ops::MatMul::check() const {
  require_same(kName, {{"a", a}});
  require_same(kName, {{"b", b}});
  const int rank = a.shape().rank();
  require(rank == 2 || rank == 3, kName, ": a must be [M,K] or [B,M,K], got ", a.shape());
  require(b.shape().rank() == rank &&
              a.dim(transpose_a ? -2 : -1) == b.dim(transpose_b ? -1 : -2) &&
              (rank == 2 || a.dim(0) == b.dim(0)),
          kName, ": a is ", a.shape(), transpose_a ? " transposed" : "", ", b is ", b.shape(),
          transpose_b ? " transposed" : "", ", expected [M,K] and [K,N], or a batch of each");
  require_shape(kName, {"b", b}, b.shape(), a);
  const std::int64_t m = a.dim(transpose_a ? -1 : -2), n = b.dim(transpose_b ? -2 : -1);
  require_shape(kName, {"y", y}, rank == 2 ? Shape{m, n} : Shape{a.dim(0), m, n}, a);
}

Work ops::MatMul::work() const {
  const auto [batch, m, n, k] = extents_of(*this);
  return {.macs = batch * m * n * k,
          .bytes_read = static_cast<std::int64_t>(a.bytes() + b.bytes()),
          .bytes_written = static_cast<std::int64_t>(y.bytes())};
}

std::span<const Implementation<ops::MatMul>> ops::MatMul::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUBLAS
    Implementation<ops::MatMul>{"cublas", Device::cuda, by_cublas, cublas::matmul},
#endif
#if JOULE_WITH_CUDA
    Implementation<ops::MatMul>{"cuda.tiled_64x64", Device::cuda, empty, cuda::matmul_tiled_64x64},
    Implementation<ops::MatMul>{"cuda.one_thread_per_output", Device::cuda, runs_all,
                                cuda::matmul_one_thread_per_output},
#endif
    Implementation<ops::MatMul>{"cpu.gemm", Device::cpu, empty, run_gemm},
    Implementation<ops::MatMul>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

}  // namespace joule
