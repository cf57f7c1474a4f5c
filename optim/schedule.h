// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "joule/core/state.h"

namespace joule {

/// The learning rate over the steps of a training run:
///   optimizer.set_learning_rate(schedule.learning_rate(step));
/// The caller decides whether a step is a batch or an epoch; the first is 0.
class Schedule {
 public:
  virtual ~Schedule() = default;

  /// Errors    ArgumentError if step < 0.
  double learning_rate(std::int64_t step) const;
  /// The momentum for Optimizer::set_momentum(); empty if the schedule does not change it.
  /// Errors    ArgumentError if step < 0.
  std::optional<double> momentum(std::int64_t step) const;
  /// Reports how training goes (a validation loss, say), once per epoch.  Only PlateauLr uses it.
  virtual void observe(double) {}

  /// "schedule", the options, and whatever observe() has changed.
  virtual State state() const;
  /// Errors    ArgumentError if it is of another schedule or of other options; then nothing has
  ///           changed.
  virtual void load_state(const State& state);

 protected:
  /// `options` as text, for state().
  Schedule(std::string kind, std::map<std::string, std::string> options);
  const std::string& kind() const { return kind_; }
  /// step >= 0.
  virtual double at(std::int64_t step) const = 0;
  virtual std::optional<double> momentum_at(std::int64_t) const { return std::nullopt; }

 private:
  std::string kind_;
  std::map<std::string, std::string> options_;
};

}  // namespace joule
