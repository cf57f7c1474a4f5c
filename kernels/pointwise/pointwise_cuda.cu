// SPDX-License-Identifier: MIT
#include "joule/kernels/elementwise_cuda.h"
#include "joule/kernels/pointwise/pointwise_impl.h"

namespace joule::cuda {
namespace {

__device__ float sigmoid_of(float x) { return 1 / (1 + expf(-x)); }
__device__ float probability_below(float x) { return 0.5f * erfcf(-0.70710678f * x); }

template <PointwiseFunction kFunction>
__device__ float value(float x, float slope) {
  switch (kFunction) {
    case PointwiseFunction::sigmoid:
      return sigmoid_of(x);
    case PointwiseFunction::tanh:
      return tanhf(x);
    case PointwiseFunction::leaky_relu:
      return x > 0 ? x : slope * x;
    case PointwiseFunction::gelu:
      return x * probability_below(x);
    case PointwiseFunction::silu:
      return x * sigmoid_of(x);
    case PointwiseFunction::elu:
      return x > 0 ? x : slope * expm1f(x);
    case PointwiseFunction::erf:
      return erff(x);
    default: {  // hard_swish; a NaN is neither below nor above
      const float ramp = x <= -3 ? 0 : x >= 3 ? 6 : x + 3;
      return x * ramp / 6;
    }
  }
}

template <PointwiseFunction kFunction>
__device__ float slope_of(float at, float slope) {
  switch (kFunction) {
    case PointwiseFunction::sigmoid:
      return at * (1 - at);
    case PointwiseFunction::tanh:
      return 1 - at * at;
    case PointwiseFunction::leaky_relu:
      return at > 0 ? 1 : at == at ? slope : at;
    case PointwiseFunction::gelu:
      return probability_below(at) + at * 0.39894228f * expf(-0.5f * at * at);
    case PointwiseFunction::silu: {
      const float s = sigmoid_of(at);
      return s * (1 + at * (1 - s));
    }
    case PointwiseFunction::elu:
      return at > 0 ? 1 : slope * expf(at);
    case PointwiseFunction::erf:
      return 1.1283792f * expf(-at * at);  // 2 / sqrt(pi)
    default:
      return at <= -3 ? 0 : at >= 3 ? 1 : (2 * at + 3) / 6;
  }
}

/// 8 bytes per element.
template <PointwiseFunction kFunction>
struct Values {
  const float* x;
  float slope;
  float* y;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    auto v = Floats<kCount>::load(x + i);
    for (int k = 0; k < kCount; ++k) v.at[k] = value<kFunction>(v.at[k], slope);
    v.store(y + i);
  }
};

/// 12 bytes per element.
template <PointwiseFunction kFunction>
struct Gradients {
  const float* from;
  const float* grad_y;
  float slope;
  float* grad_x;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    const auto v = Floats<kCount>::load(from + i);
    auto g = Floats<kCount>::load(grad_y + i);
    for (int k = 0; k < kCount; ++k) g.at[k] *= slope_of<kFunction>(v.at[k], slope);
    g.store(grad_x + i);
  }
};

}  // namespace

template <PointwiseFunction kFunction>
void pointwise(const Pointwise<kFunction>& op, Context&, Tally*) {
  const Values<kFunction> values{op.x.template data<float>(), op.slope,
                                 op.y.template mutable_data<float>()};
  launch_elementwise(op.x.numel(), aligned_for_four({values.x, values.y}), values);
}

template <PointwiseFunction kFunction>
void pointwise_grad(const PointwiseGrad<kFunction>& op, Context&, Tally*) {
  const Gradients<kFunction> of{op.at.template data<float>(), op.grad_y.template data<float>(),
                                op.slope, op.grad_x.template mutable_data<float>()};
  launch_elementwise(op.at.numel(), aligned_for_four({of.from, of.grad_y, of.grad_x}), of);
}

template void pointwise(const ops::Sigmoid& op, Context&, Tally*);
template void pointwise(const ops::Tanh& op, Context&, Tally*);
template void pointwise(const ops::LeakyRelu& op, Context&, Tally*);
template void pointwise(const ops::Gelu& op, Context&, Tally*);
template void pointwise(const ops::Silu& op, Context&, Tally*);
template void pointwise(const ops::HardSwish& op, Context&, Tally*);
template void pointwise(const ops::Elu& op, Context&, Tally*);
template void pointwise(const ops::Erf& op, Context&, Tally*);
template void pointwise_grad(const ops::SigmoidGrad& op, Context&, Tally*);
template void pointwise_grad(const ops::TanhGrad& op, Context&, Tally*);
template void pointwise_grad(const ops::LeakyReluGrad& op, Context&, Tally*);
template void pointwise_grad(const ops::GeluGrad& op, Context&, Tally*);
template void pointwise_grad(const ops::SiluGrad& op, Context&, Tally*);
template void pointwise_grad(const ops::HardSwishGrad& op, Context&, Tally*);
template void pointwise_grad(const ops::EluGrad& op, Context&, Tally*);
template void pointwise_grad(const ops::ErfGrad& op, Context&, Tally*);

}  // namespace joule::cuda
