// SPDX-License-Identifier: MIT
#include <initializer_list>
#include <limits>

#include "joule/core/cuda/launch.h"
#include "joule/kernels/elementwise_cuda.h"
#include "joule/kernels/floats_cuda.h"
#include "joule/kernels/update/update_impl.h"

namespace joule::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::int64_t kChunk = 4096;  // elements of a block

/// One parameter and what belongs to it.
struct Slot {
  float* parameter;
  const float* gradient;
  float* kept[3];  // as many as the rule has
  std::int64_t numel;
};

/// What one launch updates: every chunk of every tensor.  This is a parameter of the kernel, of
/// which there may be 4 KiB: hence how many slots.
struct Slots {
  static constexpr unsigned kMost = 76;
  Slot slots[kMost];
  unsigned first_block[kMost];  // the blocks of slots[k] begin there
  unsigned count;
};

/// kCount elements from i on.
template <int kCount, class Rule>
__device__ void update_at(const Slot& slot, std::int64_t i, const Rule& rule) {
  auto p = Floats<kCount>::load(slot.parameter + i);
  const auto g = Floats<kCount>::load(slot.gradient + i);
  Floats<kCount> kept[3]{};
  for (int j = 0; j < Rule::kKept; ++j) kept[j] = Floats<kCount>::load(slot.kept[j] + i);
  for (int k = 0; k < kCount; ++k) {
    rule(p.at[k], g.at[k], kept[0].at[k], kept[1].at[k], kept[2].at[k]);
  }
  p.store(slot.parameter + i);
  for (int j = 0; j < Rule::kKept; ++j) kept[j].store(slot.kept[j] + i);
}

/// One block per chunk, one thread per four elements where the addresses allow it.  12 bytes per
/// element, and 8 for each tensor that is kept.
template <class Rule>
__global__ void update_slots(const __grid_constant__ Slots all, Rule rule) {
  unsigned k = 0;  // the last slot that begins at this block or before
  for (unsigned end = all.count; end - k > 1;) {
    const unsigned middle = (k + end) / 2;
    (all.first_block[middle] <= blockIdx.x ? k : end) = middle;
  }
  const Slot& slot = all.slots[k];
  const std::int64_t begin = (blockIdx.x - all.first_block[k]) * kChunk;
  const std::int64_t end = min(begin + kChunk, slot.numel);
  auto addresses = reinterpret_cast<std::uintptr_t>(slot.parameter) |
                   reinterpret_cast<std::uintptr_t>(slot.gradient);
  for (int j = 0; j < Rule::kKept; ++j) {
    addresses |= reinterpret_cast<std::uintptr_t>(slot.kept[j]);
  }
  const std::int64_t fours =
      addresses % alignof(Floats<4>) == 0 ? begin + (end - begin) / 4 * 4 : begin;
  for (std::int64_t i = begin + 4 * threadIdx.x; i < fours; i += 4 * kThreads) {
    update_at<4>(slot, i, rule);
  }
  for (std::int64_t i = fours + threadIdx.x; i < end; i += kThreads) update_at<1>(slot, i, rule);
}

template <class Rule>
void launch_all(const Slots& all, unsigned blocks, const Rule& rule) {
  static_assert(sizeof(Slots) + sizeof(Rule) <= 4096);
  launch(update_slots<Rule>, {.blocks = dim3(blocks), .threads = dim3(kThreads)}, all, rule);
}

/// Queues rule(parameter, gradient, kept[0], kept[1], kept[2]) for every element: one launch for
/// Slots::kMost tensors.
template <class Rule>
void update_each(const Rule& rule, const std::vector<Tensor>& parameters,
                 const std::vector<Tensor>& gradients,
                 std::initializer_list<const std::vector<Tensor>*> kept) {
  Slots all{};
  std::int64_t blocks = 0;
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const std::int64_t numel = parameters[k].numel();
    const std::int64_t chunks = (numel + kChunk - 1) / kChunk;
    constexpr std::int64_t kMostBlocks = std::numeric_limits<std::int32_t>::max();
    if (all.count == Slots::kMost || blocks + chunks > kMostBlocks) {
      launch_all(all, static_cast<unsigned>(blocks), rule);
      all.count = 0;
      blocks = 0;
    }
    all.first_block[all.count] = static_cast<unsigned>(blocks);
    Slot& slot = all.slots[all.count++];
    slot = {parameters[k].mutable_data<float>(), gradients[k].data<float>(), {}, numel};
    float** next = slot.kept;
    for (const auto* const list : kept) *next++ = (*list)[k].mutable_data<float>();
    blocks += chunks;
  }
  if (all.count > 0) launch_all(all, static_cast<unsigned>(blocks), rule);
}

template <bool kMomentum>
struct Sgd {
  static constexpr int kKept = kMomentum ? 1 : 0;
  float lr, momentum, undamped, weight_decay;
  bool nesterov;

  __device__ void operator()(float& p, float gradient, float& velocity, float&, float&) const {
    const float g = fmaf(weight_decay, p, gradient);
    float d = g;
    if constexpr (kMomentum) {
      velocity = fmaf(momentum, velocity, undamped * g);
      d = nesterov ? fmaf(momentum, velocity, g) : velocity;
    }
    p = fmaf(-lr, d, p);
  }
};

template <bool kMax>
struct Adam : AdamFactors {
  static constexpr int kKept = kMax ? 3 : 2;

  __device__ void operator()(float& p, float gradient, float& first, float& second,
                             float& largest) const {
    const float g = fmaf(coupled, p, gradient);
    first = fmaf(beta1, first, rest1 * g);
    second = fmaf(beta2, second, rest2 * g * g);
    float v = second;
    if constexpr (kMax) v = largest = second <= largest ? largest : second;  // NaN is not lost
    const float denominator = fmaf(sqrtf(v), root, epsilon);
    p = fmaf(-shrink, p, p) - lr * first / denominator;
  }
};

/// What is kept: the mean square, the velocity with momentum, and the mean gradient if centred.
template <bool kMomentum, bool kCentred>
struct RmsProp {
  static constexpr int kKept = 1 + kMomentum + kCentred;
  float lr, alpha, rest, epsilon, momentum, weight_decay;

  __device__ void operator()(float& p, float gradient, float& square, float& second,
                             float& third) const {
    const float g = fmaf(weight_decay, p, gradient);
    square = fmaf(alpha, square, rest * g * g);
    float variance = square;
    if constexpr (kCentred) {
      float& mean = kMomentum ? third : second;
      mean = fmaf(alpha, mean, rest * g);
      variance = fmaf(-mean, mean, square);
      if (variance < 0) variance = 0;
    }
    float d = g / (sqrtf(variance) + epsilon);
    if constexpr (kMomentum) d = second = fmaf(momentum, second, d);
    p = fmaf(-lr, d, p);
  }
};

/// Of one parameter; 20 bytes per element.  Every thread computes the rate by itself, from two
/// numbers that all of them read.
struct Lars {
  float *parameter, *velocity;
  const float* gradient;
  const double* squares;  // or null
  double lr, trust, weight_decay;
  float momentum, decay;

  __device__ float rate() const {
    if (!squares) return static_cast<float>(lr);
    const double size = sqrt(squares[0]);
    const double below = sqrt(squares[1]) + weight_decay * size;
    return static_cast<float>(size == 0 || below == 0 ? lr : lr * trust * size / below);
  }
  template <int kCount>
  __device__ void at(std::int64_t i) const {
    const float local = rate();
    auto p = Floats<kCount>::load(parameter + i), v = Floats<kCount>::load(velocity + i);
    const auto g = Floats<kCount>::load(gradient + i);
    for (int k = 0; k < kCount; ++k) {
      v.at[k] = fmaf(momentum, v.at[k], local * fmaf(decay, p.at[k], g.at[k]));
      p.at[k] -= v.at[k];
    }
    v.store(velocity + i);
    p.store(parameter + i);
  }
};

}  // namespace

void sgd_update(const ops::SgdUpdate& op, Context&, Tally*) {
  const auto lr = static_cast<float>(op.lr), momentum = static_cast<float>(op.momentum);
  const auto weight_decay = static_cast<float>(op.weight_decay);
  if (op.velocities.empty()) {
    update_each(Sgd<false>{lr, 0, 1, weight_decay, false}, op.parameters, op.gradients, {});
  } else {
    const auto undamped = static_cast<float>(1 - op.dampening);
    update_each(Sgd<true>{lr, momentum, undamped, weight_decay, op.nesterov}, op.parameters,
                op.gradients, {&op.velocities});
  }
}

void adam_update(const ops::AdamUpdate& op, Context&, Tally*) {
  const AdamFactors factors(op);
  if (op.max_second_moments.empty()) {
    update_each(Adam<false>{factors}, op.parameters, op.gradients,
                {&op.first_moments, &op.second_moments});
  } else {
    update_each(Adam<true>{factors}, op.parameters, op.gradients,
                {&op.first_moments, &op.second_moments, &op.max_second_moments});
  }
}

void rmsprop_update(const ops::RmsPropUpdate& op, Context&, Tally*) {
  const auto lr = static_cast<float>(op.lr), epsilon = static_cast<float>(op.epsilon);
  const auto alpha = static_cast<float>(op.alpha), rest = static_cast<float>(1 - op.alpha);
  const auto momentum = static_cast<float>(op.momentum);
  const auto weight_decay = static_cast<float>(op.weight_decay);
  const auto update =
      [&]<bool kMomentum, bool kCentred>(std::initializer_list<const std::vector<Tensor>*> kept) {
        const RmsProp<kMomentum, kCentred> rule{lr, alpha, rest, epsilon, momentum, weight_decay};
        update_each(rule, op.parameters, op.gradients, kept);
      };
  const auto &squares = op.square_averages, &velocities = op.velocities;
  const auto& means = op.gradient_averages;
  if (velocities.empty() && means.empty()) {
    update.template operator()<false, false>({&squares});
  } else if (means.empty()) {
    update.template operator()<true, false>({&squares, &velocities});
  } else if (velocities.empty()) {
    update.template operator()<false, true>({&squares, &means});
  } else {
    update.template operator()<true, true>({&squares, &velocities, &means});
  }
}

/// A launch per parameter: its norms took some, too.
void lars_update(const ops::LarsUpdate& op, Context&, Tally*) {
  for (std::size_t k = 0; k < op.parameters.size(); ++k) {
    const std::int64_t n = op.parameters[k].numel();
    if (n == 0) continue;
    const Lars lars{.parameter = op.parameters[k].mutable_data<float>(),
                    .velocity = op.velocities[k].mutable_data<float>(),
                    .gradient = op.gradients[k].data<float>(),
                    .squares = op.squared_norms ? op.squared_norms.data<double>() + 2 * k : nullptr,
                    .lr = op.lr,
                    .trust = op.trust,
                    .weight_decay = op.weight_decay,
                    .momentum = static_cast<float>(op.momentum),
                    .decay = static_cast<float>(op.weight_decay)};
    launch_elementwise(n, aligned_for_four({lars.parameter, lars.velocity, lars.gradient}), lars);
  }
}

}  // namespace joule::cuda
