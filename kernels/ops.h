// SPDX-License-Identifier: MIT
#pragma once

#include "core/accumulate.h"
#include "kernels/add/add.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/concat/concat.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/dropout/dropout.h"
#include "kernels/l0/l0.h"
#include "kernels/linear/linear.h"
#include "kernels/pool/avg_pool2d.h"
#include "kernels/pool/global_avg_pool.h"
#include "kernels/pool/max_pool2d.h"
#include "kernels/relu/relu.h"
#include "kernels/scale/scale.h"
#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"
#include "kernels/update/update.h"

namespace joule {

/// A list of types.
template <class... Ops>
struct OpList {};

/// Every operation there is.
using AllOps =
    OpList<Accumulate, Add, AvgPool2d, AvgPool2dGrad, BatchNorm, BatchNormInference,
           BatchNormInferenceGrad, BatchNormGrad, Concat, ConcatGrad, Conv2d, Conv2dGradInput,
           Conv2dGradWeight, Dropout, GlobalAvgPool, GlobalAvgPoolGrad, L0Penalty, L0Sum, L0SumGrad,
           Linear, LinearGradInput, LinearGradWeight, MaxPool2d, MaxPool2dGrad, Relu, ReluGrad,
           Scale, SquaredNorm, SoftmaxCrossEntropy, SoftmaxCrossEntropyGrad, SgdUpdate, AdamUpdate,
           RmsPropUpdate>;

/// Calls visit.template operator()<Op>() for each of them:
///   for_each_op([&]<class Op>() { std::cout << Op::kName << '\n'; });
template <class Visit, class... Ops>
void for_each_op(Visit&& visit, OpList<Ops...>) {
  (visit.template operator()<Ops>(), ...);
}
template <class Visit>
void for_each_op(Visit&& visit) {
  for_each_op(visit, AllOps{});
}

}  // namespace joule
