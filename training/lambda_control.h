// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "joule/training/config.h"

namespace joule::training {

/// The quantity that lambda is steered by.
enum class Target {
  density,        // fraction of all ReLU outputs that are not zero
  joules,         // modelled, for the inference of one image, in J
  accuracy_loss,  // compared with the reference run, in percentage points
};

struct ControlTarget {
  Target what;
  double value;
};

/// "density", "joules", "accuracy loss".
std::string_view name(Target target);

/// The target that `config` asks for; empty if lambda is given.
std::optional<ControlTarget> control_target(const Config& config);

/// Integral control of the logarithm of lambda, with a damping proportional part:
///
///   e           = clip(error, -1/2, 1/2)
///   integral   += clip(40 e share, -1, 1)    begins at ln(kStart)
///   ln(lambda)  = integral + 8 e             both from ln(kLeast) to ln(kMost)
///
/// `error` is relative (0.1: a tenth too much is left), so the same gains fit every net, target and
/// unit.  `share` is the part of the run that has passed since the last measurement, weighted by
/// learning: learning_rate / largest learning rate / steps of the run.  So the time constant is a
/// fixed part of the run, whatever its length; and lambda does not run away late in the run, when
/// the learning rate is so small that lambda has no effect.  The integral is clamped at the bounds,
/// so nothing has to unwind.
class LambdaControl {
 public:
  static constexpr double kStart = 0.03, kLeast = 1e-4, kMost = 1e4;

  double lambda() const { return state_.lambda; }
  /// Numerics  NaN as `error` changes nothing.
  void steer(double error, double share);

  /// The state: lambda, and the exponential of the integral.
  struct State {
    double lambda = kStart, integral = kStart;
  };
  const State& state() const { return state_; }
  /// Errors    ArgumentError if either is out of bounds.
  void set_state(const State& state);

 private:
  State state_;
};

}  // namespace joule::training
