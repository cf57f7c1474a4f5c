// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/batch_norm/batch_norm.h"

#include <cmath>
#include <limits>
#include <vector>

#include "joule/kernels/batch_norm/batch_norm_reference.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"

// What batch_norm_test and batch_norm_grad_test share.
namespace joule::batch_norm_cases {

using namespace test;

// One and many blocks, pieces that are full or not, channels around the vectors.
inline const Shape kShapes[] = {{2, 1},          {3, 5},    {2, 3, 5, 17},
                                {1, 20, 20, 64}, {1300, 3}, {70, 600}};

/// The operands of the three operations on one x, all f32.
struct Layer {
  Tensor x, gamma, beta, grad_y;
  Guarded y, mean, mean_rest, inv_std, running_mean, running_var, grad_x, grad_gamma, grad_beta;

  explicit Layer(const Shape& shape)
      : x(random_tensor(shape, 1)),
        gamma(random_tensor({shape[-1]}, 2)),
        beta(random_tensor({shape[-1]}, 3)),
        grad_y(random_tensor(shape, 4)),
        y(shape),
        mean(gamma.shape()),
        mean_rest(gamma.shape()),
        inv_std(gamma.shape()),
        running_mean(gamma.shape()),
        running_var(gamma.shape()),
        grad_x(shape),
        grad_gamma(gamma.shape()),
        grad_beta(gamma.shape()) {
    restart();
  }
  void restart() const {
    running_mean.tensor().fill(0.25);
    running_var.tensor().fill(1.5);
  }
  ops::BatchNorm training() const {
    return {.x = x,
            .gamma = gamma,
            .beta = beta,
            .y = y.tensor(),
            .mean = mean.tensor(),
            .mean_rest = mean_rest.tensor(),
            .inv_std = inv_std.tensor(),
            .running_mean = running_mean.tensor(),
            .running_var = running_var.tensor()};
  }
  ops::BatchNormInference inference() const {
    return {.x = x,
            .gamma = gamma,
            .beta = beta,
            .running_mean = running_mean.tensor(),
            .running_var = running_var.tensor(),
            .y = y.tensor()};
  }
  ops::BatchNormInferenceGrad inference_grad() const {
    return {.x = x,
            .gamma = gamma,
            .running_mean = running_mean.tensor(),
            .running_var = running_var.tensor(),
            .grad_y = grad_y,
            .grad_x = grad_x.tensor(),
            .grad_gamma = grad_gamma.tensor(),
            .grad_beta = grad_beta.tensor()};
  }
  ops::BatchNormGrad grad() const {
    return {.x = x,
            .gamma = gamma,
            .mean = mean.tensor(),
            .mean_rest = mean_rest.tensor(),
            .inv_std = inv_std.tensor(),
            .grad_y = grad_y,
            .grad_x = grad_x.tensor(),
            .grad_gamma = grad_gamma.tensor(),
            .grad_beta = grad_beta.tensor()};
  }
  bool intact() const {
    for (const Guarded* g : {&y, &mean, &mean_rest, &inv_std, &running_mean, &running_var, &grad_x,
                             &grad_gamma, &grad_beta}) {
      if (!g->intact()) return false;
    }
    return true;
  }
};

}  // namespace joule::batch_norm_cases
