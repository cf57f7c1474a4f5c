// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/update/update_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <cmath>
#include <cstring>

#include "joule/kernels/parallel_flat.h"
#include "joule/kernels/update/update_impl.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

// A vector of one runs the same instructions as a whole one: the bits of an element do not depend
// on where in the tensor it lies.
template <bool kMomentum, bool kNesterov>
void sgd(const ops::SgdUpdate& op, std::int64_t n, float* parameter, const float* gradient,
         [[maybe_unused]] float* velocity) {
  const float lr = static_cast<float>(op.lr);
  const float weight_decay = static_cast<float>(op.weight_decay);
  [[maybe_unused]] const float momentum = static_cast<float>(op.momentum);
  [[maybe_unused]] const float undamped = static_cast<float>(1 - op.dampening);
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto p = hn::LoadU(d, parameter + i);
    auto g = hn::MulAdd(hn::Set(d, weight_decay), p, hn::LoadU(d, gradient + i));
    if constexpr (kMomentum) {
      const auto m = hn::Set(d, momentum);
      const auto v = hn::MulAdd(m, hn::LoadU(d, velocity + i), hn::Mul(hn::Set(d, undamped), g));
      hn::StoreU(v, d, velocity + i);
      g = kNesterov ? hn::MulAdd(m, v, g) : v;
    }
    hn::StoreU(hn::NegMulAdd(hn::Set(d, lr), g, p), d, parameter + i);
  });
}

void SgdTarget(const ops::SgdUpdate& op, std::int64_t n, float* parameter, const float* gradient,
               float* velocity) {
  if (!velocity) return sgd<false, false>(op, n, parameter, gradient, velocity);
  if (!op.nesterov) return sgd<true, false>(op, n, parameter, gradient, velocity);
  sgd<true, true>(op, n, parameter, gradient, velocity);
}

template <bool kMax>
void adam(const AdamFactors& f, std::int64_t n, float* parameter, const float* gradient,
          float* first_moment, float* second_moment, [[maybe_unused]] float* max_second_moment) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto p = hn::LoadU(d, parameter + i);
    const auto g = hn::MulAdd(hn::Set(d, f.coupled), p, hn::LoadU(d, gradient + i));
    const auto m = hn::MulAdd(hn::Set(d, f.beta1), hn::LoadU(d, first_moment + i),
                              hn::Mul(hn::Set(d, f.rest1), g));
    const auto v = hn::MulAdd(hn::Set(d, f.beta2), hn::LoadU(d, second_moment + i),
                              hn::Mul(hn::Mul(hn::Set(d, f.rest2), g), g));
    auto largest = v;
    if constexpr (kMax) {
      const auto before = hn::LoadU(d, max_second_moment + i);
      largest = hn::IfThenElse(hn::Le(v, before), before, v);  // NaN is not lost
      hn::StoreU(largest, d, max_second_moment + i);
    }
    const auto denominator =
        hn::MulAdd(hn::Sqrt(largest), hn::Set(d, f.root), hn::Set(d, f.epsilon));
    const auto shrunk = hn::NegMulAdd(hn::Set(d, f.shrink), p, p);
    hn::StoreU(m, d, first_moment + i);
    hn::StoreU(v, d, second_moment + i);
    hn::StoreU(hn::Sub(shrunk, hn::Div(hn::Mul(hn::Set(d, f.lr), m), denominator)), d,
               parameter + i);
  });
}

void AdamTarget(const AdamFactors& f, std::int64_t n, float* parameter, const float* gradient,
                float* first_moment, float* second_moment, float* max_second_moment) {
  const auto update = max_second_moment ? adam<true> : adam<false>;
  update(f, n, parameter, gradient, first_moment, second_moment, max_second_moment);
}

template <bool kMomentum, bool kCentred>
void rmsprop(const ops::RmsPropUpdate& op, std::int64_t n, float* parameter, const float* gradient,
             float* square_average, [[maybe_unused]] float* velocity,
             [[maybe_unused]] float* gradient_average) {
  const float lr = static_cast<float>(op.lr), epsilon = static_cast<float>(op.epsilon);
  const float alpha = static_cast<float>(op.alpha), rest = static_cast<float>(1 - op.alpha);
  const float weight_decay = static_cast<float>(op.weight_decay);
  [[maybe_unused]] const float momentum = static_cast<float>(op.momentum);
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto p = hn::LoadU(d, parameter + i);
    const auto g = hn::MulAdd(hn::Set(d, weight_decay), p, hn::LoadU(d, gradient + i));
    const auto s = hn::MulAdd(hn::Set(d, alpha), hn::LoadU(d, square_average + i),
                              hn::Mul(hn::Mul(hn::Set(d, rest), g), g));
    hn::StoreU(s, d, square_average + i);
    auto variance = s;
    if constexpr (kCentred) {
      const auto mean = hn::MulAdd(hn::Set(d, alpha), hn::LoadU(d, gradient_average + i),
                                   hn::Mul(hn::Set(d, rest), g));
      hn::StoreU(mean, d, gradient_average + i);
      variance = hn::NegMulAdd(mean, mean, s);
      variance = hn::IfThenZeroElse(hn::Lt(variance, hn::Zero(d)), variance);
    }
    auto step = hn::Div(g, hn::Add(hn::Sqrt(variance), hn::Set(d, epsilon)));
    if constexpr (kMomentum) {
      step = hn::MulAdd(hn::Set(d, momentum), hn::LoadU(d, velocity + i), step);
      hn::StoreU(step, d, velocity + i);
    }
    hn::StoreU(hn::NegMulAdd(hn::Set(d, lr), step, p), d, parameter + i);
  });
}

void RmsPropTarget(const ops::RmsPropUpdate& op, std::int64_t n, float* parameter,
                   const float* gradient, float* square_average, float* velocity,
                   float* gradient_average) {
  const auto update = gradient_average ? (velocity ? rmsprop<true, true> : rmsprop<false, true>)
                                       : (velocity ? rmsprop<true, false> : rmsprop<false, false>);
  update(op, n, parameter, gradient, square_average, velocity, gradient_average);
}

void LarsTarget(const ops::LarsUpdate& op, float rate, std::int64_t n, float* parameter,
                const float* gradient, float* velocity) {
  const float momentum = static_cast<float>(op.momentum);
  const float weight_decay = static_cast<float>(op.weight_decay);
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto p = hn::LoadU(d, parameter + i);
    const auto g = hn::MulAdd(hn::Set(d, weight_decay), p, hn::LoadU(d, gradient + i));
    const auto v =
        hn::MulAdd(hn::Set(d, momentum), hn::LoadU(d, velocity + i), hn::Mul(hn::Set(d, rate), g));
    hn::StoreU(v, d, velocity + i);
    hn::StoreU(hn::Sub(p, v), d, parameter + i);
  });
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(SgdTarget);
HWY_EXPORT(AdamTarget);
HWY_EXPORT(RmsPropTarget);
HWY_EXPORT(LarsTarget);

void sgd_update_simd(const ops::SgdUpdate& op, Context&, Tally*) {
  for (std::size_t k = 0; k < op.parameters.size(); ++k) {
    const float* const gradient = op.gradients[k].data<float>();
    float* const parameter = op.parameters[k].mutable_data<float>();
    float* const velocity = mutable_or_null<float>(op.velocities, k);
    parallel_flat(op.parameters[k].numel(), [&](std::int64_t begin, std::int64_t end) {
      HWY_DYNAMIC_DISPATCH(SgdTarget)
      (op, end - begin, parameter + begin, gradient + begin, velocity ? velocity + begin : nullptr);
    });
  }
}

void adam_update_simd(const ops::AdamUpdate& op, Context&, Tally*) {
  const AdamFactors factors(op);
  for (std::size_t k = 0; k < op.parameters.size(); ++k) {
    const float* const gradient = op.gradients[k].data<float>();
    float* const parameter = op.parameters[k].mutable_data<float>();
    float* const first_moment = op.first_moments[k].mutable_data<float>();
    float* const second_moment = op.second_moments[k].mutable_data<float>();
    float* const largest = mutable_or_null<float>(op.max_second_moments, k);
    parallel_flat(op.parameters[k].numel(), [&](std::int64_t begin, std::int64_t end) {
      HWY_DYNAMIC_DISPATCH(AdamTarget)
      (factors, end - begin, parameter + begin, gradient + begin, first_moment + begin,
       second_moment + begin, largest ? largest + begin : nullptr);
    });
  }
}

void rmsprop_update_simd(const ops::RmsPropUpdate& op, Context&, Tally*) {
  for (std::size_t k = 0; k < op.parameters.size(); ++k) {
    const float* const gradient = op.gradients[k].data<float>();
    float* const parameter = op.parameters[k].mutable_data<float>();
    float* const square_average = op.square_averages[k].mutable_data<float>();
    float* const velocity = mutable_or_null<float>(op.velocities, k);
    float* const mean = mutable_or_null<float>(op.gradient_averages, k);
    parallel_flat(op.parameters[k].numel(), [&](std::int64_t begin, std::int64_t end) {
      HWY_DYNAMIC_DISPATCH(RmsPropTarget)
      (op, end - begin, parameter + begin, gradient + begin, square_average + begin,
       velocity ? velocity + begin : nullptr, mean ? mean + begin : nullptr);
    });
  }
}

void lars_update_simd(const ops::LarsUpdate& op, Context&, Tally*) {
  for (std::size_t k = 0; k < op.parameters.size(); ++k) {
    const auto rate = static_cast<float>(lars_rate(op, k));
    const float* const gradient = op.gradients[k].data<float>();
    float* const parameter = op.parameters[k].mutable_data<float>();
    float* const velocity = op.velocities[k].mutable_data<float>();
    parallel_flat(op.parameters[k].numel(), [&](std::int64_t begin, std::int64_t end) {
      HWY_DYNAMIC_DISPATCH(LarsTarget)
      (op, rate, end - begin, parameter + begin, gradient + begin, velocity + begin);
    });
  }
}

}  // namespace joule::cpu
#endif
