// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/bench/conv/conv_problem.h"
#include "joule/core/random.h"
#include "joule/core/tensor.h"
#include "joule/data/loader.h"
#include "joule/training/run/model_file.h"

namespace joule::bench {

/// A convolution with its values, as in a net that trains: x and grad_y have the zero masks that
/// Relu and ReluGrad wrote.
struct ConvOperands {
  ConvProblem problem;
  Tensor x, weight, grad_y;  // read
  Tensor y, grad_weight;     // written
  Tensor grad_x{};           // written; undefined if the net does not compute it
  /// Which elements of grad_x are used (see ops::Conv2dGradInput): x, if it is the output of a
  /// ReLU, or undefined.
  Tensor wanted{};

  ops::Conv2d forward() const {
    return {.x = x, .weight = weight, .y = y, .params = problem.params};
  }
  ops::Conv2dGradInput grad_input() const {
    return {.grad_y = grad_y, .weight = weight, .grad_x = grad_x, .params = problem.params};
  }
  ops::Conv2dGradInput grad_input_masked() const {
    ops::Conv2dGradInput op = grad_input();
    op.wanted = wanted;
    return op;
  }
  ops::Conv2dGradWeight grad_weight_of() const {
    return {.x = x, .grad_y = grad_y, .grad_weight = grad_weight, .params = problem.params};
  }
};

/// Fractions of non-zeros.
struct ConvDensities {
  double x, grad_y;
};

/// x is the output of a Relu, and grad_y that of the gradient of a Relu behind the convolution;
/// each of their elements is non-zero with the given probability, independently of the others.  The
/// weights are uniform in [-1, 1).
ConvOperands random_operands(const ConvProblem& problem, const ConvDensities& densities,
                             Generator& generator);

/// Every convolution of `model` in order, with the operands of a training step on `batch`, and so
/// with the zeros that its ReLUs, pools and normalisations really produce.  The gradients are those
/// of the cross-entropy.  The gradient of the images is not needed, so the first convolution has no
/// grad_x.  `wanted` is set where the tape would set it.
///
/// Errors    ArgumentError if the net has no convolutions.
std::vector<ConvOperands> real_operands(training::Model& model, const Batch& batch);

}  // namespace joule::bench
