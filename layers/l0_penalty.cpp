// SPDX-License-Identifier: MIT
#include "joule/layers/l0_penalty.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/l0/l0.h"
#include "joule/kernels/scale/scale.h"

namespace joule {
namespace {

/// sum_j x_j^2 / (x_j^2 + sigma) by a pass of its own, for a tap that has no such sum.
Tensor l0_sum(const Tensor& x, const SmoothL0& l0) {
  Tensor sum(Shape{}, x.dtype(), x.device());
  dispatch(ops::L0Sum{.x = x, .sum = sum, .sigma = l0.sigma});
  record("l0_sum", {x}, {&sum}, [saved = Saved(x, "x"), l0](std::span<const Tensor> grads) {
    const Tensor& x = saved.get();
    const Tensor grad_x(x.shape(), x.dtype(), x.device());
    dispatch(ops::L0SumGrad{
        .x = x, .grad_sum = grads[0], .grad_x = grad_x, .sigma = l0.sigma, .cutoff = l0.cutoff});
    return std::vector<Tensor>{grad_x};
  });
  return sum;
}

/// Of tap k, before what is saved counts.
float weight_of(const Tap& tap, std::size_t taps, const L0Options& options) {
  if (options.normalization == L0Normalization::per_layer_mean) {
    return options.lambda / (static_cast<float>(taps) * static_cast<float>(tap.value.numel()));
  }
  return options.lambda /
         (static_cast<float>(options.parameters) * static_cast<float>(tap.value.dim(0)));
}

/// What weight_of() is multiplied with: each tap's savings, per layer or per value, over their
/// mean.
std::vector<double> relative_savings(std::span<const Tap> taps, const L0Options& options) {
  std::vector<double> savings = options.savings;
  require(savings.size() == taps.size(), "l0_penalty: there are ", taps.size(), " taps, but ",
          savings.size(), " savings");
  double all = 0, count = 0;
  for (std::size_t k = 0; k < taps.size(); ++k) {
    require(savings[k] >= 0, "l0_penalty: the savings of layer '", taps[k].layer,
            "' must not be negative, got ", savings[k]);
    const double values = options.normalization == L0Normalization::per_layer_mean
                              ? 1
                              : static_cast<double>(taps[k].value.numel());
    all += savings[k];
    count += values;
    savings[k] /= values;
  }
  require(all > 0, "l0_penalty: no layer that is penalised saves anything by its zeros");
  for (double& saved : savings) saved *= count / all;
  return savings;
}

}  // namespace

Tensor l0_penalty(std::span<const Tap> taps, const L0Options& options) {
  require(!taps.empty(), "l0_penalty: there are no taps; is there a ReLU layer in the net?");
  require(options.lambda >= 0, "l0_penalty: lambda must not be negative, got ", options.lambda);
  require_sigma("l0_penalty", options.sigma);
  require_cutoff("l0_penalty", options.cutoff);
  const SmoothL0 l0{options.sigma, options.cutoff};
  require(options.normalization == L0Normalization::per_layer_mean || options.parameters > 0,
          "l0_penalty: per_parameter needs the number of parameters, got ", options.parameters);
  std::vector<Tensor> sums;
  std::vector<float> weights;
  for (const Tap& tap : taps) {
    require(tap.value.defined() && tap.value.shape().rank() >= 1 && tap.value.numel() > 0,
            "l0_penalty: the tap of layer '", tap.layer, "' holds no values");
    sums.push_back(tap.l0_sum && tap.l0 == l0 ? tap.l0_sum : l0_sum(tap.value, l0));
    weights.push_back(weight_of(tap, taps.size(), options));
  }
  if (!options.savings.empty()) {
    const std::vector<double> relative = relative_savings(taps, options);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      weights[k] = static_cast<float>(weights[k] * relative[k]);
    }
  }
  Tensor value(Shape{}, sums[0].dtype(), sums[0].device());
  dispatch(ops::L0Penalty{.sums = sums, .weights = weights, .value = value});
  record("l0_penalty", sums, {&value}, [weights](std::span<const Tensor> grads) {
    std::vector<Tensor> grad_sums;
    for (const float weight : weights) {
      grad_sums.emplace_back(Shape{}, grads[0].dtype(), grads[0].device());
      dispatch(ops::Scale{.x = grads[0], .y = grad_sums.back(), .factor = weight});
    }
    return grad_sums;
  });
  return value;
}

}  // namespace joule
