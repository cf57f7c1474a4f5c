// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "energy/open_meters.h"
#include "energy/window.h"
#include "energy/window_sum.h"

namespace joule::training {

/// The meters of a training run, and what each would read if nothing ran.
class Metering {
 public:
  explicit Metering(energy::Meters meters);

  const energy::Meters& meters() const { return meters_; }
  /// Whether any of them can be read.
  bool available() const;

  /// Waits for `time` and takes what is drawn meanwhile for the idle power.  If no meter can be
  /// read, nothing is waited for; if `stop` says so, no longer than 50 ms more.
  void measure_idle_power(energy::Seconds time, const std::function<bool()>& stop = {});
  /// Errors    ArgumentError if there is more than one meter, or as stated_idle_power().
  void state_idle_power(energy::Watts power);

  const energy::Figure<energy::Watts>& idle_power(std::size_t meter) const { return idle_[meter]; }
  /// Sums of no window.
  std::vector<energy::WindowSum> nothing() const;

 private:
  energy::Meters meters_;
  std::vector<energy::Figure<energy::Watts>> idle_;  // per meter
};

/// No meter at all.
std::shared_ptr<Metering> no_metering();

/// What has been spent so far; if there is a problem, that is not known.
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
