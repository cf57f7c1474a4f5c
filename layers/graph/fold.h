// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"

namespace joule::nn {

/// The weights of a convolution or a linear layer, with the batch norm behind it.
struct NormedConv {
  Tensor weight, bias;  // of that layer; the bias may be undefined
  Tensor gamma, beta, mean, var;
  double epsilon = 0;
};

/// The weights of the convolution that does both, g = gamma / sqrt(var + epsilon):
///   weight'[o,...] = weight[o,...] g[o],   bias'[o] = (bias[o] - mean[o]) g[o] + beta[o]
struct FoldedConv {
  Tensor weight, bias;
};

/// Made once for the present values of all six tensors, where they lie; then kept with the weight.
///
/// Cost      when it is made, one pass over the weight on the host, from and to its device.
/// Numerics  computed in double, rounded once.
FoldedConv folded(const NormedConv& conv);

}  // namespace joule::nn
