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
  double dampening = 0;  // in [0, 1], for every gradient but a parameter's first; not with nesterov
  Decays decays{};       // to which parameters weight_decay applies; likewise below
};
/// Stochastic gradient descent; see ops::SgdUpdate.  Keeps a velocity per parameter if momentum >
/// 0.
///
/// Errors    ArgumentError that names the option, as for the others below.
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
  bool decoupled_weight_decay = false;  // shrinks the parameter itself, as in AdamW
  Decays decays{};
};
/// Adam, with weight decay added to the gradient or decoupled from it; see ops::AdamUpdate.
/// Keeps two moments, and with amsgrad also the largest second one.
class Adam : public Optimizer {
 public:
  explicit Adam(std::vector<NamedTensor> parameters, const AdamOptions& options = {});

 private:
  void update(const Group& group) override;
  bool has_momentum() const override { return true; }
  AdamOptions options_;
};

/// Adam's options, with the usual weight decay for the decoupled form.
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  Decays decays{};
};
/// Adam with decoupled_weight_decay, under its usual name.
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
/// See ops::RmsPropUpdate.  Keeps a mean square, if centred also a mean gradient, and a velocity if
/// momentum > 0.
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
  double lr_biases = 0.01;  // of the others; changes by the same factor as lr
  double trust = 0.001;     // how far a weight moves in a step, as a fraction of its norm
  double momentum = 0.9;    // in [0, 1)
  double weight_decay = 0;  // of weights only
};
/// Layer-wise adaptive rate scaling; see ops::LarsUpdate.  Biases, and the gains and shifts of
/// normalisations, use lr_biases without scaling or decay.  Keeps a velocity per parameter.
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
