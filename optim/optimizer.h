// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/state.h"
#include "joule/core/tensor.h"

namespace joule {

/// Whether weight decay applies to a parameter; empty: it applies to all.
using Decays = std::function<bool(const NamedTensor&)>;

/// Whether `parameter` has at least two dimensions, as the weights of convolutions and linear
/// layers do; biases, and the gains and shifts of normalisations, have one.
///
/// Source    He et al. 2019, arXiv:1812.01187, section 3.1 ("no bias decay").
bool is_weight(const NamedTensor& parameter);

/// Updates parameters by their gradients, in place.  A new rule derives from this, names its
/// options and the tensors that it keeps per parameter, and implements update().
class Optimizer {
 public:
  Optimizer(Optimizer&&) = default;
  Optimizer& operator=(Optimizer&&) = default;
  virtual ~Optimizer() = default;

  /// Updates every parameter that has a gradient; the others and their kept tensors do not change.
  /// Accounted to Phase::update: on the CPU to the layer that owns the parameter; on other devices
  /// one operation updates all parameters, and belongs to no layer.
  void step();
  /// Drops the gradients, so that the next backward() starts from zero.
  void zero_grad() const;

  double learning_rate() const { return learning_rate_; }
  /// Errors    ArgumentError if `lr` is negative or not finite.
  void set_learning_rate(double lr);
  const std::vector<NamedTensor>& parameters() const { return parameters_; }
  /// From the next step on, replaces the option: the momentum, or beta1 for Adam.  Its kept tensors
  /// do not change.  Errors: ArgumentError if `momentum` is outside (0, 1), or the optimiser has
  /// none.
  void set_momentum(double momentum);

  /// What step() depends on besides parameters and gradients; the tensors are shared, not copied.
  ///   values   "optimizer", the options (options added after the first release only if they differ
  ///            from the default), "learning_rate", "step.<parameter>", "current_momentum" after
  ///            set_momentum(), "weight_decay.<parameter>" where that is 0 although others have
  ///            one
  ///   tensors  "<kept tensor>.<parameter>", e.g. "velocity.conv1.weight"
  State state() const;
  /// Continues bit for bit from where `state` was taken.
  ///
  /// Errors    ArgumentError if it is of another kind of optimiser, other options (except the
  ///           learning rate) or other parameters; then nothing has changed.
  void load_state(const State& state);

 protected:
  /// Parameters with the same number of steps.
  struct Group {
    std::vector<Tensor> parameters;
    std::vector<Tensor> gradients;
    std::vector<std::vector<Tensor>> kept;  // lists in the order of `kept` below, initially zeros
    std::int64_t step = 0;                  // the number of updates, including the present one
    bool decayed = true;                    // whether weight decay applies to them
  };

  /// `options` as text, for state(); `kept` names the tensors kept per parameter.
  ///
  /// Errors    ArgumentError if there are no parameters, one is undefined or not floating-point,
  ///           two have the same name, or lr is not positive.
  Optimizer(std::string kind, std::vector<NamedTensor> parameters, double lr,
            std::map<std::string, std::string> options, std::vector<std::string> kept,
            const Decays& decays = {});

  virtual void update(const Group& group) = 0;
  /// Whether set_momentum() has an effect.
  virtual bool has_momentum() const { return false; }
  /// The momentum of the last set_momentum(), or `option`.
  double momentum_or(double option) const { return momentum_.value_or(option); }

 private:
  struct Slot {
    Tensor parameter;
    std::vector<Tensor> kept;
    std::int64_t step = 0;
    std::string_view layer{};  // interned
    bool decayed = true;
  };
  void add(const Slot& slot, const Tensor& gradient, Group& group) const;

  std::string kind_;
  std::vector<NamedTensor> parameters_;
  double learning_rate_;
  std::optional<double> momentum_{};
  std::map<std::string, std::string> options_;
  std::vector<std::string> kept_;
  std::vector<Slot> slots_;  // one per parameter
};

/// Returns the Euclidean norm of all gradients together; if it exceeds `max_norm`, scales them so
/// that it equals `max_norm`.
///
/// Cost      reads each gradient, and rewrites it if it must be scaled; accounted as an update.
/// Errors    ArgumentError if max_norm is not positive, or a gradient is not finite (no factor
///           would make an update of it; the message names its parameter).  Then no gradient has
///           changed.
/// Numerics  squares, sums and the norm in double.  The factor may be too small for a float, so the
///           gradients are multiplied by it in parts.
/// Source    Pascanu et al. 2013, arXiv:1211.5063.
double clip_grad_norm(std::span<const NamedTensor> parameters, double max_norm);

}  // namespace joule
