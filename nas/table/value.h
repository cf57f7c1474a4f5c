// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "joule/core/quality.h"

// The values of a run in a table: numbers with their units and origins.
namespace joule::nas {

using joule::name;
using joule::Quality;

/// When in a run a number was taken.
enum class Checkpoint {
  run,    // of the whole run, with its evaluations and data transfers
  start,  // before training
  half,   // at the middle checkpoint: after half of the epochs, unless "epochs" says otherwise
  end     // after all epochs
};
inline constexpr int kCheckpoints = 4;
std::string_view name(Checkpoint checkpoint);
/// Errors    DataError (`where`, the text, the names) if it is none of them.
Checkpoint parse_checkpoint(std::string_view text, const std::string& where);

/// A measured quantity: a column of a table.
struct Metric {
  std::string name;
  Checkpoint at = Checkpoint::end;
  std::string unit{};  // empty: a pure number
  friend bool operator==(const Metric&, const Metric&) = default;
};

// The names that several parts of Joule use; units: s, J, g (of CO2 equivalents), none.
inline constexpr const char* kTrainingTime = "training time";  // without evaluation
inline constexpr const char* kEnergy = "energy";               // of that checkpoint's training
inline constexpr const char* kCo2eq = "co2eq";
inline constexpr const char* kTrainAccuracy = "train accuracy";  // of [0, 1], as all accuracies
inline constexpr const char* kValidationAccuracy = "validation accuracy";
inline constexpr const char* kTestAccuracy = "test accuracy";
inline constexpr const char* kEpochs = "epochs";          // after which a checkpoint was taken
inline constexpr const char* kParameters = "parameters";  // of the run
inline constexpr const char* kTotalTime = "total time";   // of the run, as are the next two
inline constexpr const char* kTotalEnergy = "total energy";
inline constexpr const char* kTotalCo2eq = "total co2eq";
inline constexpr const char* kCarbonIntensity = "carbon intensity";  // g/kWh

/// The origin of a number.
struct Origin {
  Quality quality = Quality::measured;
  std::string source{};  // the meter, the file, the surrogate
  std::string reason{};  // why there is no number; empty if there is
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct Value {
  Metric metric;
  std::optional<double> number{};  // empty if and only if the quality is unavailable
  Origin origin{};
  std::optional<double> low{}, high{};  // the interval around it; both or neither
  friend bool operator==(const Value&, const Value&) = default;
};

/// Errors    ArgumentError (name, what was expected) unless there is a name; number, low and high
///           are finite, with low <= number <= high; there is a number, or the quality is
///           unavailable and there is a reason.
void check(const Value& value);

}  // namespace joule::nas
