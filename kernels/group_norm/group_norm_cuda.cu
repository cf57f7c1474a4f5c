// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/group_norm/group_norm_impl.h"
#include "joule/kernels/row_sums_cuda.h"

namespace joule::cuda {
namespace {

constexpr unsigned kThreads = 256;

/// What shares a group: a block of 256 threads, or a warp where the groups are small.
template <bool kBlock>
struct Team {
  static constexpr unsigned kSize = kBlock ? kThreads : kWarp;

  __device__ static std::int64_t index() { return thread_index() / kSize; }
  __device__ static std::int64_t count() { return thread_count() / kSize; }
  __device__ static unsigned rank() { return threadIdx.x % kSize; }

  /// The sum over the team, in every thread; all must call it.
  __device__ static double sum(double value) {
    if constexpr (!kBlock) return warp_sum(value);
    __shared__ double all;
    const double total = block_sum(value);
    if (threadIdx.x == 0) all = total;
    __syncthreads();
    const double result = all;
    __syncthreads();
    return result;
  }
};

/// The group that a team has, and where its elements lie.
struct Group {
  GroupNormShape s;
  std::int64_t image, group, width;

  __device__ Group(const GroupNormShape& shape, std::int64_t index)
      : s(shape),
        image(index / shape.groups),
        group(index % shape.groups),
        width(shape.channels / shape.groups) {}
  __device__ std::int64_t size() const { return s.pixels * width; }
  __device__ std::int64_t channel(std::int64_t i) const { return group * width + i % width; }
  __device__ std::int64_t at(std::int64_t i) const {
    return (image * s.pixels + i / width) * s.channels + channel(i);
  }
};

struct Statistics {
  double mean, inv_std;
};

template <bool kBlock>
__device__ Statistics statistics(const Group& of, const float* x, double epsilon) {
  using T = Team<kBlock>;
  const auto size = static_cast<double>(of.size());
  double sum = 0, squares = 0;
  for (std::int64_t i = T::rank(); i < of.size(); i += T::kSize) sum += x[of.at(i)];
  const double mean = T::sum(sum) / size;
  for (std::int64_t i = T::rank(); i < of.size(); i += T::kSize) {
    const double deviation = x[of.at(i)] - mean;
    squares += deviation * deviation;
  }
  return {mean, 1 / sqrt(T::sum(squares) / size + epsilon)};
}

/// A team per group, which reads it three times; 16 bytes per element.
template <bool kBlock>
__global__ void normalise(GroupNormShape s, const float* x, const float* gamma, const float* beta,
                          double epsilon, float* y) {
  using T = Team<kBlock>;
  for (std::int64_t g = T::index(); g < s.images * s.groups; g += T::count()) {
    const Group of(s, g);
    const Statistics stats = statistics<kBlock>(of, x, epsilon);
    for (std::int64_t i = T::rank(); i < of.size(); i += T::kSize) {
      const std::int64_t at = of.at(i), c = of.channel(i);
      y[at] = static_cast<float>((x[at] - stats.mean) * stats.inv_std * gamma[c] + beta[c]);
    }
  }
}

/// The same; products: grad_y * x', whose sums over the rows are the gradient of gamma.
template <bool kBlock>
__global__ void differentiate(GroupNormShape s, const float* x, const float* gamma,
                              const float* grad_y, double epsilon, float* grad_x, float* products) {
  using T = Team<kBlock>;
  for (std::int64_t g = T::index(); g < s.images * s.groups; g += T::count()) {
    const Group of(s, g);
    const Statistics stats = statistics<kBlock>(of, x, epsilon);
    double sum = 0, product = 0;
    for (std::int64_t i = T::rank(); i < of.size(); i += T::kSize) {
      const std::int64_t at = of.at(i);
      const double normalised = (x[at] - stats.mean) * stats.inv_std;
      const double h = static_cast<double>(grad_y[at]) * gamma[of.channel(i)];
      sum += h;
      product += h * normalised;
      products[at] = static_cast<float>(grad_y[at] * normalised);
    }
    const auto size = static_cast<double>(of.size());
    sum = T::sum(sum) / size;
    product = T::sum(product) / size;
    for (std::int64_t i = T::rank(); i < of.size(); i += T::kSize) {
      const std::int64_t at = of.at(i);
      const double normalised = (x[at] - stats.mean) * stats.inv_std;
      const double h = static_cast<double>(grad_y[at]) * gamma[of.channel(i)];
      grad_x[at] = static_cast<float>(stats.inv_std * (h - sum - normalised * product));
    }
  }
}

bool by_block(const GroupNormShape& s) { return s.size() > 1024; }

Grid grid_of(const GroupNormShape& s) {
  return grid_over(s.images * s.groups * (by_block(s) ? kThreads : kWarp), kThreads);
}

}  // namespace

void group_norm(const ops::GroupNorm& op, Context&, Tally*) {
  const GroupNormShape s = group_norm_shape(op.x.shape(), op.groups);
  launch(by_block(s) ? normalise<true> : normalise<false>, grid_of(s), s, op.x.data<float>(),
         op.gamma.data<float>(), op.beta.data<float>(), op.epsilon, op.y.mutable_data<float>());
}

void group_norm_grad(const ops::GroupNormGrad& op, Context&, Tally*) {
  const GroupNormShape s = group_norm_shape(op.x.shape(), op.groups);
  sum_over_rows(op.grad_y, op.grad_beta);  // before grad_x, which may be grad_y, is written
  const Tensor products(op.x.shape(), DType::f32, Device::cuda);
  launch(by_block(s) ? differentiate<true> : differentiate<false>, grid_of(s), s,
         op.x.data<float>(), op.gamma.data<float>(), op.grad_y.data<float>(), op.epsilon,
         op.grad_x.mutable_data<float>(), products.mutable_data<float>());
  sum_over_rows(products, op.grad_gamma);
}

}  // namespace joule::cuda
