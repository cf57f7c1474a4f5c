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
#include "joule/kernels/resize/resize_nearest.h"
#include "joule/kernels/scale/scale.h"
#include "joule/kernels/slice/slice.h"
#include "joule/kernels/softmax/softmax.h"
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"
#include "joule/kernels/update/lars_update.h"
#include "joule/kernels/update/update.h"

namespace joule {

/// A list of types.
template <class... Ops>
struct OpList {};

/// Every operation.
using AllOps =
    OpList<ops::Accumulate, ops::Add, ops::AvgPool2d, ops::AvgPool2dGrad, ops::BatchNorm,
           ops::BatchNormInference, ops::BatchNormInferenceGrad, ops::BatchNormGrad,
           ops::BceWithLogitsLoss, ops::BceWithLogitsLossGrad, ops::Concat, ops::ConcatGrad,
           ops::Conv2d, ops::Conv2dGradInput, ops::Conv2dGradWeight, ops::Div, ops::Dropout,
           ops::Elu, ops::EluGrad, ops::Erf, ops::ErfGrad, ops::Gelu, ops::GeluGrad,
           ops::GlobalAvgPool, ops::GlobalAvgPoolGrad, ops::GroupNorm, ops::GroupNormGrad,
           ops::HardSwish, ops::HardSwishGrad, ops::L0Penalty, ops::L0Sum, ops::L0SumGrad,
           ops::L1Loss, ops::L1LossGrad, ops::LeakyRelu, ops::LeakyReluGrad, ops::Linear,
           ops::LinearGradInput, ops::LinearGradWeight, ops::LogSoftmax, ops::LogSoftmaxGrad,
           ops::MatMul, ops::MaxPool2d, ops::MaxPool2dGrad, ops::MseLoss, ops::MseLossGrad,
           ops::Mul, ops::Pad, ops::Relu, ops::ReluGrad, ops::ResizeNearest, ops::ResizeNearestGrad,
           ops::Scale, ops::Sigmoid, ops::SigmoidGrad, ops::Silu, ops::SiluGrad, ops::Slice,
           ops::Softmax, ops::SoftmaxGrad, ops::SquaredNorm, ops::SoftmaxCrossEntropy,
           ops::SoftmaxCrossEntropyGrad, ops::Sub, ops::Sum, ops::SumGrad, ops::Tanh, ops::TanhGrad,
           ops::SgdUpdate, ops::AdamUpdate, ops::RmsPropUpdate, ops::LarsUpdate>;

/// Calls visit.template operator()<Op>() for each operation:
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
