// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"

namespace joule::nn {

/// The weights of a convolution or a linear layer and of the batch norm behind it.
struct NormedConv {
  Tensor weight, bias;  // of the convolution or linear layer; `bias` may be undefined
  Tensor gamma, beta, mean, var;
  double epsilon = 0;
};

/// The weights of the convolution that computes both; g = gamma / sqrt(var + epsilon):
///   weight'[o,...] = weight[o,...] g[o],   bias'[o] = (bias[o] - mean[o]) g[o] + beta[o]
struct FoldedConv {
  Tensor weight, bias;
};

/// Computed once for the present values of all six tensors; lies on their device, with the weight.
///
/// Cost      when computed, one pass over the weight on the host, copied from and to its device.
/// Numerics  computed in double, rounded once.
FoldedConv folded(const NormedConv& conv);

}  // namespace joule::nn
