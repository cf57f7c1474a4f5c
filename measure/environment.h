// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "joule/core/backend/gpu.h"
#include "joule/measure/machine_state.h"

namespace joule::measure {

/// Where and with what something was measured.
struct Environment {
  std::string date;  // UTC, "2026-01-31T12:00:00Z"
  std::string cpu;
  std::string simd;    // the instruction set that the kernels chose
  int processors = 0;  // that this process may run on
  int threads = 0;     // of the kernels
  std::string compiler;
  std::string joule;                  // version
  std::optional<std::string> onednn;  // version of the library that is linked
  std::optional<double> load;         // of the last minute, before the measurement
  /// What a reader of the figures must know: disturbances(), and what the measurement adds.
  std::vector<std::string> warnings;
  std::string flags{};       // of the compiler, for this build
  std::string commit{};      // built_commit()
  std::optional<Gpu> gpu{};  // that the process could use, whether or not it did
  MachineState machine{};

  friend bool operator==(const Environment&, const Environment&) = default;
};

/// Of this process, now.
Environment environment();

/// More threads than processors, a machine that was busy with something else.
std::vector<std::string> disturbances(const Environment& e);

/// "AMD EPYC 9555, AVX3_ZEN4, 2 of 2 processors", and the libraries: a line for people.
std::string summary(const Environment& e);

/// What is there, and what it is: {"processor", "AMD EPYC 9555"}.
std::vector<std::pair<std::string, std::string>> facts(const Environment& e);

}  // namespace joule::measure
