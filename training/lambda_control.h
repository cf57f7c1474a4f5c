// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "joule/training/config.h"

namespace joule::training {

/// What lambda is steered to.
enum class Target {
  density,        // share of all ReLU outputs that are not zero
  joules,         // modelled, of the inference of an image, in J
  accuracy_loss,  // against the reference run, in percentage points
};

struct ControlTarget {
  Target what;
  double value;
};

/// "density", "joules", "accuracy loss".
std::string_view name(Target target);

/// What `config` asks for; none if lambda is given.
std::optional<ControlTarget> control_target(const Config& config);

/// Integral control of the logarithm of lambda, with a proportional part that brakes:
///
///   e           = clip(error, -1/2, 1/2)
///   integral   += clip(40 e share, -1, 1)    begins at ln(kStart)
///   ln(lambda)  = integral + 8 e             both from ln(kLeast) to ln(kMost)
///
/// `error` is relative (0.1: a tenth too much is left), so that the same gains fit every net,
/// target and unit.  `share` is the part of the run that has passed since the last measurement, by
/// what was learnt in it: learning_rate / largest learning rate / steps of the run.  So the time
/// constant is a fixed part of the run whatever its length; and where little is learnt any more,
/// and lambda acts no longer, it does not run away.  What exceeds a bound is not kept, so it need
/// not be unwound.
class LambdaControl {
 public:
  static constexpr double kStart = 0.03, kLeast = 1e-4, kMost = 1e4;

  double lambda() const { return state_.lambda; }
  /// Numerics  an error that is NaN changes nothing.
  void steer(double error, double share);

  /// What it goes on from: lambda and the exponential of the integral.
  struct State {
    double lambda = kStart, integral = kStart;
  };
  const State& state() const { return state_; }
  /// Errors    ArgumentError if one of them is out of bounds.
  void set_state(const State& state);

 private:
  State state_;
};

}  // namespace joule::training
