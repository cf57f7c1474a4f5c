// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "joule/core/context.h"
#include "joule/core/device.h"

namespace joule::cli {

inline constexpr const char* kPrecisionHelp =
    "What products may be rounded to: f32, tf32 (cuda), bf16 (cpu: weights alone); sums are f32";

/// The options of every command that runs a net: --threads, --device, --precision, --deterministic,
/// --separate-norms.
struct Execution {
  int threads = 0;
  std::string device = "cpu";
  std::string precision = "f32";
  bool deterministic = false;
  bool separate_norms = false;

  void add_to(CLI::App& command);
  /// Makes them hold for this thread's operations from now on.
  ///
  /// Errors    ArgumentError for a bad value; DeviceError for a device that this build has not.
  void apply() const;
  /// For people: what the operands of products may be rounded to.
  std::string products_in() const;
  /// A line that says so, unless nothing may be rounded.
  void print_precision() const;
  /// Where to compute.
  Device where() const;
};

}  // namespace joule::cli
