// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "joule/energy/figure.h"
#include "joule/training/energy/epoch_energy.h"
#include "joule/training/run/metrics.h"

namespace joule::report {

/// One number of a run, or why there is none.
struct Amount {
  std::optional<double> value{};
  std::optional<double> half_width{};  // for an energy, if its source states one
  std::string source{};                // for an energy: the meters, or the profile
  std::string reason{};                // why there is no value
};

/// The totals of a run by the end of an epoch.
struct Standing {
  const training::EpochMetrics* last = nullptr;
  double seconds = 0;           // of all training steps until then
  training::PartEnergy energy;  // of all epochs until then, validation and test included

  void add(const training::EpochMetrics& epoch);
};

/// A quantity by which runs are compared.
struct Quantity {
  std::string key;   // "test_accuracy"
  std::string name;  // "test accuracy"
  std::string unit;  // "%"; empty: a pure number
  /// Of an energy: "measured", "sampled" or "modelled"; each is a separate quantity.
  std::string quality{};
  /// Whether it depends on the machine.
  bool of_machine = false;
  Amount (*of)(const Standing& standing) = nullptr;

  bool is_energy() const { return !quality.empty(); }
};

/// In display order.
std::span<const Quantity> quantities();
/// Errors    ArgumentError if there is no such key.
std::size_t quantity_of(std::string_view key);

/// A column has one quality: a figure of another one has no value here, and its reason says so.
Amount amount_of(const energy::Figure<energy::Joules>& figure, energy::Quality quality);

/// After the last of these epochs, of which there must be one.
Amount amount_of(const Quantity& quantity, std::span<const training::EpochMetrics> epochs);

/// "92.10 %", "0.2351", "1.95 mJ"; with `sign` as a difference: "+0.30 points".
std::string shown(const Quantity& quantity, double value, bool sign = false);

}  // namespace joule::report
