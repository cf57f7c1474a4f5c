// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "joule/energy/models/idle_power.h"
#include "joule/energy/run_meters.h"
#include "joule/energy/window.h"
#include "joule/energy/window_sum.h"

namespace joule::training {

/// The meters of a training run, which of them make up its energy, and what each would read if
/// nothing ran.
class Metering {
 public:
  explicit Metering(energy::RunMeters run);

  const energy::Meters& meters() const { return run_.meters; }
  /// Why a meter is not in the sum that is the run's energy; empty if it is.
  const std::string& beside(std::size_t meter) const { return run_.beside[meter]; }
  /// The first meter of the sum that cannot be read, as the sum is not known then; null if all can.
  const energy::Meter* unreadable() const;
  bool available() const { return !unreadable(); }

  /// Waits for `time` and takes what is drawn meanwhile for the idle power.  If the sum is not
  /// available, nothing is waited for; if `stop` says so, no longer than 50 ms more.
  void measure_idle_power(energy::Seconds time, const std::function<bool()>& stop = {});
  /// That of the one meter in the sum.
  ///
  /// Errors    ArgumentError if there are several in the sum, or as stated_idle_power().
  void state_idle_power(energy::Watts power);

  const energy::IdlePower& idle_power(std::size_t meter) const { return idle_[meter]; }
  /// Sums of no window.
  std::vector<energy::WindowSum> nothing() const;

 private:
  energy::RunMeters run_;
  std::vector<energy::IdlePower> idle_;  // per meter
};

/// No meter at all.
std::shared_ptr<Metering> no_metering();

/// What has been spent so far, by the meters in the sum; if there is a problem, that is not known.
struct Spent {
  energy::Joules energy;
  std::string problem{};
};
void add(Spent& to, const Spent& more);

/// Windows of all meters at the same time, one behind the other: each lap begins where the one
/// before ended, with the same reading.
///
/// Cost      a reading of every meter for the beginning, each lap and each spent().
class MeteredLaps {
 public:
  explicit MeteredLaps(Metering& metering);

  /// Ends the lap; `place` is for the reasons of what is missing: "epoch 3, training".
  std::vector<energy::WindowSum> lap(const std::string& place);
  /// In this lap, until now.
  Spent spent(energy::Purpose purpose) const;

 private:
  Metering& metering_;
  std::vector<std::unique_ptr<energy::Window>> windows_;
  std::vector<energy::Reading> begin_;  // of this lap
};

}  // namespace joule::training
