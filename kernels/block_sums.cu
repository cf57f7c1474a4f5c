// SPDX-License-Identifier: MIT
#include "joule/core/cuda/block.h"
#include "joule/kernels/block_sums_cuda.h"

namespace joule::cuda {
namespace {

constexpr unsigned kThreads = 256;

/// One block: each thread adds every 256th sum, in order.  divisor: or null.
template <class T>
__global__ void add_sums(const double* sums, std::int64_t count, double factor,
                         const double* divisor, T* scalar) {
  double mine = 0;
  for (std::int64_t b = threadIdx.x; b < count; b += kThreads) mine += sums[b];
  const double total = block_sum(mine);
  if (threadIdx.x == 0) {
    *scalar = static_cast<T>(divisor ? factor * total / *divisor : factor * total);
  }
}

void queue(const Tensor& sums, double factor, const double* divisor, const Tensor& scalar) {
  const Grid one_block{.blocks = dim3(1), .threads = dim3(kThreads)};
  visit_float(scalar.dtype(), [&]<class T>(T) {
    launch(add_sums<T>, one_block, sums.data<double>(), sums.numel(), factor, divisor,
           scalar.mutable_data<T>());
  });
}

}  // namespace

void BlockSums::write(const Tensor& scalar, double factor) const {
  queue(sums_, factor, nullptr, scalar);
}

void BlockSums::write_quotient(const Tensor& scalar, const Tensor& divisor) const {
  queue(sums_, 1, divisor.data<double>(), scalar);
}

}  // namespace joule::cuda
