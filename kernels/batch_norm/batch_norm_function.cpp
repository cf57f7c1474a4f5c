// SPDX-License-Identifier: MIT
#include "joule/kernels/batch_norm/batch_norm.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"

namespace joule {
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
  Tensor y = empty_like(x);
  const Tensor mean = empty_like(gamma), mean_rest = empty_like(gamma), inv_std = empty_like(gamma);
  const GatherNumbers gather = batch_share().gather;  // backward may run when this has changed
  dispatch(ops::BatchNorm{.x = x,
                          .gamma = gamma,
                          .beta = beta,
                          .y = y,
                          .mean = mean,
                          .mean_rest = mean_rest,
                          .inv_std = inv_std,
                          .running_mean = running_mean,
                          .running_var = running_var,
                          .epsilon = options.epsilon,
                          .momentum = options.momentum,
                          .gather = gather ? &gather : nullptr});
  record("batch_norm", {x, gamma, beta}, {&y},
         [x = Saved(x, "x"), gamma_saved = Saved(gamma, "gamma"), mean = Saved(mean, "mean"),
          mean_rest = Saved(mean_rest, "mean_rest"), inv_std = Saved(inv_std, "inv_std"),
          gather](std::span<const Tensor> grads) {
           const Tensor& gamma = gamma_saved.get();
           const Tensor grad_x = reuse_or_allocate(grads[0]);
           const Tensor grad_gamma = empty_like(gamma), grad_beta = empty_like(gamma);
           dispatch(ops::BatchNormGrad{.x = x.get(),
                                       .gamma = gamma,
                                       .mean = mean.get(),
                                       .mean_rest = mean_rest.get(),
                                       .inv_std = inv_std.get(),
                                       .grad_y = grads[0],
                                       .grad_x = grad_x,
                                       .grad_gamma = grad_gamma,
                                       .grad_beta = grad_beta,
                                       .gather = gather ? &gather : nullptr});
           return std::vector<Tensor>{grad_x, grad_gamma, grad_beta};
         });
  return y;
}

}  // namespace joule
