// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"

// The implementations of SoftmaxCrossEntropy and its gradient that have a source file of their own.
namespace joule::cuda {
void softmax_cross_entropy(const ops::SoftmaxCrossEntropy& op, Context& ctx, Tally* tally);
void softmax_cross_entropy_grad(const ops::SoftmaxCrossEntropyGrad& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
