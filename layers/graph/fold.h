// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"

namespace joule::nn {

/// The weights of a convolution, with the batch norm behind it.
struct NormedConv {
  Tensor weight, bias;  // of the convolution; the bias may be undefined
  Tensor gamma, beta, mean, var;
  double epsilon = 0;
};

/// The weights of the convolution that does both, g = gamma / sqrt(var + epsilon):
///   weight'[o,r,s,c] = weight[o,r,s,c] g[o],   bias'[o] = (bias[o] - mean[o]) g[o] + beta[o]
struct FoldedConv {
  Tensor weight, bias;
};

/// Made once for the present values of all six tensors, where they lie; then kept with the weight.
///
/// Cost      when it is made, one pass over the weight on the host, from and to its device.
/// Numerics  computed in double, rounded once.
FoldedConv folded(const NormedConv& conv);

}  // namespace joule::nn
