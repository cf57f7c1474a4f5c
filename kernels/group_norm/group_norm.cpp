// SPDX-License-Identifier: MIT
#include "joule/kernels/group_norm/group_norm.h"

#include <array>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/group_norm/group_norm_impl.h"
#include "joule/kernels/group_norm/group_norm_reference.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_reference(const ops::GroupNorm& op, Context&, Tally*) {
  const GroupNormShape s = group_norm_shape(op.x.shape(), op.groups);
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.data<T>();
    const T* const gamma = op.gamma.data<T>();
    const T* const beta = op.beta.data<T>();
    T* const y = op.y.mutable_data<T>();
    parallel_for(
        s.images * s.groups, 1 + 4096 / (1 + s.size()), [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) {
            reference::group_norm(s, i / s.groups, i % s.groups, x, gamma, beta, op.epsilon, y);
          }
        });
  });
}

/// to[c] = the sum over the pieces, in order.
template <class T>
void add_pieces(const std::vector<double>& pieces, std::int64_t channels, T* to) {
  for (std::int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (std::int64_t p = 0; p < kReductionPieces; ++p) {
      sum += pieces[static_cast<std::size_t>(p * channels + c)];
    }
    to[c] = static_cast<T>(sum);
  }
}

void run_grad_reference(const ops::GroupNormGrad& op, Context&, Tally*) {
  const GroupNormShape s = group_norm_shape(op.x.shape(), op.groups);
  std::vector<double> of_gamma(static_cast<std::size_t>(kReductionPieces * s.channels));
  std::vector<double> of_beta = of_gamma;
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.data<T>();
    const T* const gamma = op.gamma.data<T>();
    const T* const grad_y = op.grad_y.data<T>();
    T* const grad_x = op.grad_x.mutable_data<T>();
    parallel_pieces(s.images, s.pixels * s.channels,
                    [&](std::int64_t piece, std::int64_t begin, std::int64_t end) {
                      const std::int64_t at = piece * s.channels;
                      for (std::int64_t i = begin * s.groups; i < end * s.groups; ++i) {
                        reference::group_norm_grad(s, i / s.groups, i % s.groups, x, gamma, grad_y,
                                                   op.epsilon, grad_x, of_gamma.data() + at,
                                                   of_beta.data() + at);
                      }
                    });
    add_pieces(of_gamma, s.channels, op.grad_gamma.mutable_data<T>());
    add_pieces(of_beta, s.channels, op.grad_beta.mutable_data<T>());
  });
}

template <class Op>
void check_groups(const Op& op) {
  const Shape& shape = op.x.shape();
  require(shape.rank() >= 2, Op::kName, ": x must be [N, ..., C], got ", shape);
  require(op.groups >= 1 && shape[-1] % op.groups == 0, Op::kName, ": groups=", op.groups,
          " must divide the channels of x, ", shape);
  require(op.epsilon > 0, Op::kName, ": epsilon must be above 0, got ", op.epsilon);
}

std::int64_t bytes(std::initializer_list<Tensor> tensors) {
  std::size_t sum = 0;
  for (const Tensor& t : tensors) sum += t.bytes();
  return static_cast<std::int64_t>(sum);
}

}  // namespace

void ops::GroupNorm::check() const {
  require_same(kName, {{"x", x}, {"y", y}});
  check_groups(*this);
  require_shape(kName, {"gamma", gamma}, {x.dim(-1)}, x);
  require_shape(kName, {"beta", beta}, {x.dim(-1)}, x);
}

Work ops::GroupNorm::work() const {
  return {
      .macs = 2 * x.numel(), .bytes_read = bytes({x, gamma, beta}), .bytes_written = bytes({y})};
}

std::span<const Implementation<ops::GroupNorm>> ops::GroupNorm::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::GroupNorm>{"cuda.warp_or_block_per_group", Device::cuda, runs_all,
                                   cuda::group_norm},
#endif
    Implementation<ops::GroupNorm>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::GroupNormGrad::check() const {
  require_same(kName, {{"x", x}, {"grad_y", grad_y}, {"grad_x", grad_x}});
  check_groups(*this);
  require_shape(kName, {"gamma", gamma}, {x.dim(-1)}, x);
  require_shape(kName, {"grad_gamma", grad_gamma}, {x.dim(-1)}, x);
  require_shape(kName, {"grad_beta", grad_beta}, {x.dim(-1)}, x);
}

Work ops::GroupNormGrad::work() const {
  return {.macs = 5 * x.numel(),
          .bytes_read = bytes({x, gamma, grad_y}),
          .bytes_written = bytes({grad_x, grad_gamma, grad_beta})};
}

std::span<const Implementation<ops::GroupNormGrad>> ops::GroupNormGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::GroupNormGrad>{"cuda.warp_or_block_per_group", Device::cuda, runs_all,
                                       cuda::group_norm_grad},
#endif
    Implementation<ops::GroupNormGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule
