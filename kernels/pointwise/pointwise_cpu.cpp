// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/pointwise/pointwise_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cstring>

#include "joule/kernels/parallel_flat.h"
#include "joule/kernels/pointwise/pointwise_impl.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

// Of exp(-|x|), which does not overflow.
template <class D, class V>
HWY_INLINE V sigmoid_of(D d, V x) {
  const auto one = hn::Set(d, 1.0f);
  const auto power = hn::CallExp(d, hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), power, one), hn::Add(one, power));
}

template <class D, class V>
HWY_INLINE V bell(D d, V x) {  // exp(-x^2 / 2)
  return hn::CallExp(d, hn::Mul(hn::Set(d, -0.5f), hn::Mul(x, x)));
}

// erfc(z) = exp(-z^2) t p(t), t = 1 / (1 + 0.6 z), z >= 0: p of degree 10 was fitted for the least
// relative error on [0, 11], which is 4e-9, and 3e-7 as it is computed here.
template <class D, class V>
HWY_INLINE V erfc_of(D d, V t, V power) {
  constexpr float kP[] = {3.385058641e-01f,  3.387747407e-01f, 2.738505006e-01f,  1.860874444e-01f,
                          -1.500922889e-01f, 4.196280241e-01f, -1.279480219e+00f, 1.635164499e+00f,
                          -1.086976886e+00f, 3.807149529e-01f, -5.617662147e-02f};
  auto p = hn::Set(d, kP[10]);
  for (int k = 9; k >= 0; --k) p = hn::MulAdd(p, t, hn::Set(d, kP[k]));
  return hn::Mul(power, hn::Mul(t, p));
}

template <class D, class V>
HWY_INLINE V probability_below(D d, V x, V bell) {
  const auto one = hn::Set(d, 1.0f);
  const auto slope = hn::Set(d, 0.42426407f);  // 0.6 / sqrt(2)
  const auto t = hn::Div(one, hn::MulAdd(slope, hn::Abs(x), one));
  const auto tail = hn::Mul(hn::Set(d, 0.5f), erfc_of(d, t, bell));
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail));
}

// Below 1/2 by the series of erf, x (2 / sqrt(pi)) sum_k (-x^2)^k / (k! (2k + 1)), whose first term
// left out is below 1e-9 there: 1 - erfc(x) would cancel.
template <class D, class V>
HWY_INLINE V erf_of(D d, V x) {
  constexpr float kSeries[] = {1.128379167e+00f,  -3.761263890e-01f, 1.128379167e-01f,
                               -2.686617064e-02f, 5.223977625e-03f,  -8.548327023e-04f,
                               1.205533298e-04f};
  const auto one = hn::Set(d, 1.0f);
  const auto z = hn::Abs(x), square = hn::Mul(x, x);
  auto series = hn::Set(d, kSeries[6]);
  for (int k = 5; k >= 0; --k) series = hn::MulAdd(series, square, hn::Set(d, kSeries[k]));
  const auto t = hn::Div(one, hn::MulAdd(hn::Set(d, 0.6f), z, one));
  const auto far = hn::Sub(one, erfc_of(d, t, hn::CallExp(d, hn::Neg(square))));
  return hn::IfThenElse(hn::Lt(z, hn::Set(d, 0.5f)), hn::Mul(x, series), hn::CopySign(far, x));
}

template <PointwiseFunction kFunction, class D, class V>
HWY_INLINE V value(D d, V x, [[maybe_unused]] V slope) {
  if constexpr (kFunction == PointwiseFunction::sigmoid) return sigmoid_of(d, x);
  if constexpr (kFunction == PointwiseFunction::tanh) return hn::CallTanh(d, x);
  if constexpr (kFunction == PointwiseFunction::leaky_relu) {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, hn::Mul(slope, x));
  }
  if constexpr (kFunction == PointwiseFunction::gelu) {
    return hn::Mul(x, probability_below(d, x, bell(d, x)));
  }
  if constexpr (kFunction == PointwiseFunction::silu) return hn::Mul(x, sigmoid_of(d, x));
  if constexpr (kFunction == PointwiseFunction::hard_swish) {
    const auto six = hn::Set(d, 6.0f);
    const auto ramp = hn::Min(hn::Max(hn::Add(x, hn::Set(d, 3.0f)), hn::Zero(d)), six);
    return hn::Div(hn::Mul(x, ramp), six);
  }
  if constexpr (kFunction == PointwiseFunction::elu) {
    const auto below = hn::Mul(slope, hn::CallExpm1(d, hn::Min(x, hn::Zero(d))));
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, below);
  }
  if constexpr (kFunction == PointwiseFunction::erf) return erf_of(d, x);
}

template <PointwiseFunction kFunction, class D, class V>
HWY_INLINE V slope_of(D d, V at, [[maybe_unused]] V slope) {
  const auto one = hn::Set(d, 1.0f);
  if constexpr (kFunction == PointwiseFunction::sigmoid) return hn::Mul(at, hn::Sub(one, at));
  if constexpr (kFunction == PointwiseFunction::tanh) return hn::NegMulAdd(at, at, one);
  if constexpr (kFunction == PointwiseFunction::leaky_relu) {
    return hn::IfThenElse(hn::Gt(at, hn::Zero(d)), one, slope);
  }
  if constexpr (kFunction == PointwiseFunction::gelu) {
    const auto power = bell(d, at);
    const auto density = hn::Mul(hn::Set(d, 0.39894228f), power);  // 1 / sqrt(2 pi)
    return hn::MulAdd(at, density, probability_below(d, at, power));
  }
  if constexpr (kFunction == PointwiseFunction::silu) {
    const auto s = sigmoid_of(d, at);
    return hn::Mul(s, hn::MulAdd(at, hn::Sub(one, s), one));
  }
  if constexpr (kFunction == PointwiseFunction::hard_swish) {
    const auto three = hn::Set(d, 3.0f);
    const auto ramp = hn::Div(hn::MulAdd(hn::Set(d, 2.0f), at, three), hn::Set(d, 6.0f));
    const auto above = hn::IfThenElse(hn::Ge(at, three), one, ramp);
    return hn::IfThenZeroElse(hn::Le(at, hn::Neg(three)), above);
  }
  if constexpr (kFunction == PointwiseFunction::elu) {
    const auto below = hn::Mul(slope, hn::CallExp(d, hn::Min(at, hn::Zero(d))));
    return hn::IfThenElse(hn::Gt(at, hn::Zero(d)), one, below);
  }
  if constexpr (kFunction == PointwiseFunction::erf) {
    const auto power = hn::CallExp(d, hn::Neg(hn::Mul(at, at)));
    return hn::Mul(hn::Set(d, 1.1283792f), power);  // 2 / sqrt(pi)
  }
}

// What Highway makes of a NaN is not said.
template <class D, class V>
HWY_INLINE V keep_nan(D, V x, V result) {
  return hn::IfThenElse(hn::IsNaN(x), x, result);
}

template <PointwiseFunction kFunction>
void values(std::int64_t n, const float* x, float slope, float* y) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    hn::StoreU(keep_nan(d, v, value<kFunction>(d, v, hn::Set(d, slope))), d, y + i);
  });
}

template <PointwiseFunction kFunction>
void gradients(std::int64_t n, const float* at, const float* grad_y, float slope, float* grad_x) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, at + i);
    const auto by = keep_nan(d, v, slope_of<kFunction>(d, v, hn::Set(d, slope)));
    hn::StoreU(hn::Mul(hn::LoadU(d, grad_y + i), by), d, grad_x + i);
  });
}

void PointwiseTarget(PointwiseFunction function, std::int64_t n, const float* x, float slope,
                     float* y) {
  using enum PointwiseFunction;
  switch (function) {
    case sigmoid:
      return values<sigmoid>(n, x, slope, y);
    case tanh:
      return values<tanh>(n, x, slope, y);
    case leaky_relu:
      return values<leaky_relu>(n, x, slope, y);
    case gelu:
      return values<gelu>(n, x, slope, y);
    case silu:
      return values<silu>(n, x, slope, y);
    case hard_swish:
      return values<hard_swish>(n, x, slope, y);
    case elu:
      return values<elu>(n, x, slope, y);
    case erf:
      return values<erf>(n, x, slope, y);
  }
}

void PointwiseGradTarget(PointwiseFunction function, std::int64_t n, const float* at,
                         const float* grad_y, float slope, float* grad_x) {
  using enum PointwiseFunction;
  switch (function) {
    case sigmoid:
      return gradients<sigmoid>(n, at, grad_y, slope, grad_x);
    case tanh:
      return gradients<tanh>(n, at, grad_y, slope, grad_x);
    case leaky_relu:
      return gradients<leaky_relu>(n, at, grad_y, slope, grad_x);
    case gelu:
      return gradients<gelu>(n, at, grad_y, slope, grad_x);
    case silu:
      return gradients<silu>(n, at, grad_y, slope, grad_x);
    case hard_swish:
      return gradients<hard_swish>(n, at, grad_y, slope, grad_x);
    case elu:
      return gradients<elu>(n, at, grad_y, slope, grad_x);
    case erf:
      return gradients<erf>(n, at, grad_y, slope, grad_x);
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(PointwiseTarget);
HWY_EXPORT(PointwiseGradTarget);

template <PointwiseFunction kFunction>
void pointwise_simd(const Pointwise<kFunction>& op, Context&, Tally*) {
  const float* const x = op.x.template data<float>();
  float* const y = op.y.template mutable_data<float>();
  parallel_flat(op.x.numel(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(PointwiseTarget)(kFunction, end - begin, x + begin, op.slope, y + begin);
  });
}

template <PointwiseFunction kFunction>
void pointwise_grad_simd(const PointwiseGrad<kFunction>& op, Context&, Tally*) {
  const float* const at = op.at.template data<float>();
  const float* const grad_y = op.grad_y.template data<float>();
  float* const grad_x = op.grad_x.template mutable_data<float>();
  parallel_flat(op.at.numel(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(PointwiseGradTarget)
    (kFunction, end - begin, at + begin, grad_y + begin, op.slope, grad_x + begin);
  });
}

template void pointwise_simd(const ops::Sigmoid& op, Context&, Tally*);
template void pointwise_simd(const ops::Tanh& op, Context&, Tally*);
template void pointwise_simd(const ops::LeakyRelu& op, Context&, Tally*);
template void pointwise_simd(const ops::Gelu& op, Context&, Tally*);
template void pointwise_simd(const ops::Silu& op, Context&, Tally*);
template void pointwise_simd(const ops::HardSwish& op, Context&, Tally*);
template void pointwise_simd(const ops::Elu& op, Context&, Tally*);
template void pointwise_simd(const ops::Erf& op, Context&, Tally*);
template void pointwise_grad_simd(const ops::SigmoidGrad& op, Context&, Tally*);
template void pointwise_grad_simd(const ops::TanhGrad& op, Context&, Tally*);
template void pointwise_grad_simd(const ops::LeakyReluGrad& op, Context&, Tally*);
template void pointwise_grad_simd(const ops::GeluGrad& op, Context&, Tally*);
template void pointwise_grad_simd(const ops::SiluGrad& op, Context&, Tally*);
template void pointwise_grad_simd(const ops::HardSwishGrad& op, Context&, Tally*);
template void pointwise_grad_simd(const ops::EluGrad& op, Context&, Tally*);
template void pointwise_grad_simd(const ops::ErfGrad& op, Context&, Tally*);

}  // namespace joule::cpu
#endif
