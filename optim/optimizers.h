// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/optim/optimizer.h"

namespace joule {

struct SgdOptions {
  double lr = 0.05;
  double momentum = 0;  // in [0, 1)
  bool nesterov = false;
  double weight_decay = 0;
  double dampening = 0;  // in [0, 1], of every gradient but a parameter's first; not with nesterov
  Decays decays{};       // which parameters weight_decay is for, as below
};
/// Stochastic gradient descent; see ops::SgdUpdate.  Keeps a velocity per parameter if momentum >
/// 0.
///
/// Errors    ArgumentError that names the option, as do the others below.
class Sgd final : public Optimizer {
 public:
  explicit Sgd(std::vector<NamedTensor> parameters, const SgdOptions& options = {});

 private:
  void update(const Group& group) override;
  bool has_momentum() const override { return options_.momentum > 0; }
  SgdOptions options_;
};

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;  // in [0, 1)
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
  bool decoupled_weight_decay = false;  // shrinks the parameter itself, and is then AdamW
  Decays decays{};
};
/// Adam, with weight decay as a part of the gradient or decoupled from it; see ops::AdamUpdate.
/// Keeps two moments, and with amsgrad the largest second one.
class Adam : public Optimizer {
 public:
  explicit Adam(std::vector<NamedTensor> parameters, const AdamOptions& options = {});

 private:
  void update(const Group& group) override;
  bool has_momentum() const override { return true; }
  AdamOptions options_;
};

/// Adam's, with the weight decay that is usual where it is decoupled.
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  Decays decays{};
};
/// Adam with decoupled_weight_decay, by its usual name.
///
/// Source    Loshchilov and Hutter 2019, arXiv:1711.05101.
class AdamW final : public Adam {
 public:
  explicit AdamW(std::vector<NamedTensor> parameters, const AdamWOptions& options = {});
};

struct RmsPropOptions {
  double lr = 1e-2;
  double alpha = 0.99;  // in [0, 1)
  double epsilon = 1e-8;
  double momentum = 0;
  double weight_decay = 0;
  bool centred = false;
  Decays decays{};
};
/// See ops::RmsPropUpdate.  Keeps a mean square, a mean gradient if centred, a velocity if momentum
/// > 0.
class RmsProp final : public Optimizer {
 public:
  explicit RmsProp(std::vector<NamedTensor> parameters, const RmsPropOptions& options = {});

 private:
  void update(const Group& group) override;
  bool has_momentum() const override { return options_.momentum > 0; }
  RmsPropOptions options_;
};

struct LarsOptions {
  double lr = 0.1;          // of weights (is_weight())
  double lr_biases = 0.01;  // of the others; it changes as lr does, by the same factor
  double trust = 0.001;     // how far a weight moves in a step, as a share of its norm
  double momentum = 0.9;    // in [0, 1)
  double weight_decay = 0;  // of weights alone
};
/// Layer-wise adaptive rate scaling; see ops::LarsUpdate.  Biases, and gains and shifts of
/// normalisations, move by lr_biases without it, and do not decay.  Keeps a velocity per parameter.
class Lars final : public Optimizer {
 public:
  explicit Lars(std::vector<NamedTensor> parameters, const LarsOptions& options = {});

 private:
  void update(const Group& group) override;
  void update(const Group& group, const std::vector<std::size_t>& members, bool weights);
  bool has_momentum() const override { return options_.momentum > 0; }
  LarsOptions options_;
};

}  // namespace joule
