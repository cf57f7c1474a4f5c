// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "joule/kernels/update/lars_update.h"
#include "joule/kernels/update/update.h"

// What the implementations of the updates share, and their functions, one source file each; private
// to this folder.
namespace joule {

/// The values of the k-th tensor of a list; null if the list is empty.
template <class T>
T* mutable_or_null(const std::vector<Tensor>& tensors, std::size_t k) {
  return tensors.empty() ? nullptr : tensors[k].mutable_data<T>();
}

/// The numbers of AdamUpdate, combined so that one division per element is left:
///   lr m / c1 / (sqrt(v / c2) + epsilon) = (lr / c1) m / (sqrt(v) / sqrt(c2) + epsilon)
struct AdamFactors {
  float lr, root, epsilon;           // lr / c1, 1 / sqrt(c2)
  float beta1, rest1, beta2, rest2;  // rest = 1 - beta
  float coupled, shrink;             // weight decay: coupled to the gradient; decoupled, times lr

  explicit AdamFactors(const ops::AdamUpdate& op) {
    const double t = static_cast<double>(op.step);
    lr = static_cast<float>(op.lr / (1 - std::pow(op.beta1, t)));
    root = static_cast<float>(1 / std::sqrt(1 - std::pow(op.beta2, t)));
    epsilon = static_cast<float>(op.epsilon);
    beta1 = static_cast<float>(op.beta1), rest1 = static_cast<float>(1 - op.beta1);
    beta2 = static_cast<float>(op.beta2), rest2 = static_cast<float>(1 - op.beta2);
    coupled = static_cast<float>(op.decoupled ? 0 : op.weight_decay);
    shrink = static_cast<float>(op.decoupled ? op.lr * op.weight_decay : 0);
  }
};

/// The factor of the decayed gradient of the k-th parameter in LarsUpdate, on the CPU.
inline double lars_rate(const ops::LarsUpdate& op, std::size_t k) {
  if (!op.squared_norms) return op.lr;
  const double* const squares = op.squared_norms.data<double>() + 2 * k;
  const double parameter = std::sqrt(squares[0]);
  const double below = std::sqrt(squares[1]) + op.weight_decay * parameter;
  const bool none = parameter == 0 || below == 0;
  return none ? op.lr : op.lr * op.trust * parameter / below;
}

namespace cpu {
void sgd_update_simd(const ops::SgdUpdate& op, Context& ctx, Tally* tally);
void adam_update_simd(const ops::AdamUpdate& op, Context& ctx, Tally* tally);
void rmsprop_update_simd(const ops::RmsPropUpdate& op, Context& ctx, Tally* tally);
void lars_update_simd(const ops::LarsUpdate& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace cuda {
void sgd_update(const ops::SgdUpdate& op, Context& ctx, Tally* tally);
void adam_update(const ops::AdamUpdate& op, Context& ctx, Tally* tally);
void rmsprop_update(const ops::RmsPropUpdate& op, Context& ctx, Tally* tally);
void lars_update(const ops::LarsUpdate& op, Context& ctx, Tally* tally);
}  // namespace cuda
}  // namespace joule
