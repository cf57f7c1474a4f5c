// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/autograd/accumulate.h"
#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/concat/concat.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/dropout/dropout.h"
#include "joule/kernels/group_norm/group_norm.h"
#include "joule/kernels/l0/l0.h"
#include "joule/kernels/linear/linear.h"
#include "joule/kernels/losses/pointwise_loss.h"
#include "joule/kernels/matmul/matmul.h"
#include "joule/kernels/pointwise/pointwise.h"
#include "joule/kernels/pool/avg_pool2d.h"
#include "joule/kernels/pool/global_avg_pool.h"
#include "joule/kernels/pool/max_pool2d.h"
#include "joule/kernels/reduce/sum.h"
#include "joule/kernels/relu/relu.h"
#include "joule/kernels/scale/scale.h"
#include "joule/kernels/slice/slice.h"
#include "joule/kernels/softmax/softmax.h"
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"
#include "joule/kernels/update/update.h"

namespace joule {

/// A list of types.
template <class... Ops>
struct OpList {};

/// Every operation there is.
using AllOps =
    OpList<Accumulate, Add, AvgPool2d, AvgPool2dGrad, BatchNorm, BatchNormInference,
           BatchNormInferenceGrad, BatchNormGrad, BceWithLogitsLoss, BceWithLogitsLossGrad, Concat,
           ConcatGrad, Conv2d, Conv2dGradInput, Conv2dGradWeight, Div, Dropout, Gelu, GeluGrad,
           GlobalAvgPool, GlobalAvgPoolGrad, GroupNorm, GroupNormGrad, HardSwish, HardSwishGrad,
           L0Penalty, L0Sum, L0SumGrad, LeakyRelu, LeakyReluGrad, Linear, LinearGradInput,
           LinearGradWeight, LogSoftmax, LogSoftmaxGrad, MatMul, MaxPool2d, MaxPool2dGrad, MseLoss,
           MseLossGrad, Mul, Pad, Relu, ReluGrad, Scale, Sigmoid, SigmoidGrad, Silu, SiluGrad,
           Slice, Softmax, SoftmaxGrad, SquaredNorm, SoftmaxCrossEntropy, SoftmaxCrossEntropyGrad,
           Sub, Sum, SumGrad, Tanh, TanhGrad, SgdUpdate, AdamUpdate, RmsPropUpdate>;

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
