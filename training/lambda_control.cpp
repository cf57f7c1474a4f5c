// SPDX-License-Identifier: MIT
#include "joule/training/lambda_control.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"

namespace joule::training {

std::string_view name(Target target) {
  switch (target) {
    case Target::density:
      return "density";
    case Target::joules:
      return "joules";
    case Target::accuracy_loss:
      break;
  }
  return "accuracy loss";
}

std::optional<ControlTarget> control_target(const Config& c) {
  if (c.target_density > 0) return ControlTarget{Target::density, c.target_density};
  if (c.target_joules > 0) return ControlTarget{Target::joules, c.target_joules};
  if (c.target_accuracy_loss > 0) {
    return ControlTarget{Target::accuracy_loss, c.target_accuracy_loss};
  }
  return std::nullopt;
}

void LambdaControl::steer(double error, double share) {
  constexpr double kIntegral = 40, kProportional = 8, kMostError = 0.5, kMostStep = 1;
  if (std::isnan(error)) return;
  const double e = std::clamp(error, -kMostError, kMostError);
  const double step = std::clamp(kIntegral * e * share, -kMostStep, kMostStep);
  state_.integral = std::clamp(state_.integral * std::exp(step), kLeast, kMost);
  state_.lambda = std::clamp(state_.integral * std::exp(kProportional * e), kLeast, kMost);
}

void LambdaControl::set_state(const State& state) {
  for (const double value : {state.lambda, state.integral}) {
    require(value >= kLeast && value <= kMost, "lambda must be from ", kLeast, " to ", kMost,
            ", got ", value);
  }
  state_ = state;
}

}  // namespace joule::training
