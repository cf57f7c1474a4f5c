// SPDX-License-Identifier: MIT
#include "joule/kernels/batch_norm/batch_norm.h"

#include <optional>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/relu/relu.h"

namespace joule {
namespace {

/// What a batch norm in training has besides its operands.
struct Training {
  const Tensor &running_mean, &running_var;
  const BatchNormOptions& options;
  bool relu = false;
  SmoothL0 l0{};  // of the ReLU, as is the threshold
  float threshold = 0;
  Tensor addend{};
};

ReluOutput in_training(Tensor x, const Tensor& gamma, const Tensor& beta, const Training& how) {
  ReluOutput out{.y = empty_like(x)};
  if (how.relu && how.l0.sigma > 0) out.l0_sum = empty_like(x, {});
  const Tensor mean = empty_like(gamma), mean_rest = empty_like(gamma), inv_std = empty_like(gamma);
  const GatherNumbers gather = batch_share().gather;  // backward may run when this has changed
  dispatch(ops::BatchNorm{.x = x,
                          .gamma = gamma,
                          .beta = beta,
                          .y = out.y,
                          .mean = mean,
                          .mean_rest = mean_rest,
                          .inv_std = inv_std,
                          .running_mean = how.running_mean,
                          .running_var = how.running_var,
                          .epsilon = how.options.epsilon,
                          .momentum = how.options.momentum,
                          .gather = gather ? &gather : nullptr,
                          .addend = how.addend,
                          .l0_sum = out.l0_sum,
                          .relu = how.relu,
                          .sigma = how.l0.sigma,
                          .threshold = how.threshold});
  std::optional<SavedRelu> relu;
  if (how.relu) relu.emplace(out.y, how.l0);
  BackwardFn backward = [x = Saved(x, "x"), gamma_saved = Saved(gamma, "gamma"),
                         mean = Saved(mean, "mean"), mean_rest = Saved(mean_rest, "mean_rest"),
                         inv_std = Saved(inv_std, "inv_std"), gather, relu,
                         has_addend = how.addend.defined(),
                         adds = needs_grad(how.addend)](std::span<const Tensor> grads) {
    const Tensor& gamma = gamma_saved.get();
    // The addend's gradient is the one behind the ReLU, which then has to be written by itself.
    const bool at_once = relu && relu->mask() && grads[0] && !adds;
    const Tensor rectified = relu && !at_once ? relu->backward(grads) : Tensor();
    const Tensor& grad_y = rectified ? rectified : grads[0];
    const Tensor grad_x = adds ? empty_like(grad_y) : reuse_or_allocate(grad_y);
    const Tensor grad_gamma = empty_like(gamma), grad_beta = empty_like(gamma);
    dispatch(ops::BatchNormGrad{.x = x.get(),
                                .gamma = gamma,
                                .mean = mean.get(),
                                .mean_rest = mean_rest.get(),
                                .inv_std = inv_std.get(),
                                .grad_y = grad_y,
                                .grad_x = grad_x,
                                .grad_gamma = grad_gamma,
                                .grad_beta = grad_beta,
                                .gather = gather ? &gather : nullptr,
                                .relu_mask = at_once ? relu->mask() : nullptr});
    std::vector<Tensor> all{grad_x, grad_gamma, grad_beta};
    if (has_addend) all.push_back(adds ? grad_y : Tensor());
    return all;
  };
  std::vector<Tensor> inputs{x, gamma, beta};
  if (how.addend) inputs.push_back(how.addend);
  if (how.relu) {
    record("batch_norm_relu", inputs, {&out.y, &out.l0_sum}, std::move(backward));
    set_grad_unused_at_zeros(out.y);
  } else {
    record("batch_norm", inputs, {&out.y}, std::move(backward));
  }
  return out;
}

}  // namespace

Tensor batch_norm(Tensor x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean,
                  const Tensor& running_var, bool training, const BatchNormOptions& options) {
  require(x.defined() && gamma.defined(), "batch_norm: x and gamma must be defined");
  if (!training) {
    const bool recorded = needs_grad(x) || needs_grad(gamma) || needs_grad(beta);
    Tensor y = recorded ? empty_like(x) : overwrite_or_allocate(x);
    dispatch(ops::BatchNormInference{.x = x,
                                     .gamma = gamma,
                                     .beta = beta,
                                     .running_mean = running_mean,
                                     .running_var = running_var,
                                     .y = y,
                                     .epsilon = options.epsilon});
    record("batch_norm_inference", {x, gamma, beta}, {&y},
           [x = Saved(x, "x"), gamma_saved = Saved(gamma, "gamma"),
            mean = Saved(running_mean, "running_mean"), var = Saved(running_var, "running_var"),
            epsilon = options.epsilon](std::span<const Tensor> grads) {
             const Tensor& gamma = gamma_saved.get();
             const Tensor grad_x = reuse_or_allocate(grads[0]);
             const Tensor grad_gamma = empty_like(gamma), grad_beta = empty_like(gamma);
             dispatch(ops::BatchNormInferenceGrad{.x = x.get(),
                                                  .gamma = gamma,
                                                  .running_mean = mean.get(),
                                                  .running_var = var.get(),
                                                  .grad_y = grads[0],
                                                  .grad_x = grad_x,
                                                  .grad_gamma = grad_gamma,
                                                  .grad_beta = grad_beta,
                                                  .epsilon = epsilon});
             return std::vector<Tensor>{grad_x, grad_gamma, grad_beta};
           });
    return y;
  }
  return in_training(std::move(x), gamma, beta,
                     {.running_mean = running_mean, .running_var = running_var, .options = options})
      .y;
}

ReluOutput batch_norm_relu(Tensor x, const Tensor& gamma, const Tensor& beta,
                           const Tensor& running_mean, const Tensor& running_var,
                           const BatchNormOptions& options, const SmoothL0& l0, float threshold,
                           const Tensor& addend) {
  require(x.defined() && gamma.defined(), "batch_norm: x and gamma must be defined");
  return in_training(std::move(x), gamma, beta,
                     {.running_mean = running_mean,
                      .running_var = running_var,
                      .options = options,
                      .relu = true,
                      .l0 = l0,
                      .threshold = threshold,
                      .addend = addend});
}

}  // namespace joule
