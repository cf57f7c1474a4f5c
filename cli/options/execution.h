// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "joule/cli/options/option.h"
#include "joule/core/context.h"
#include "joule/core/device.h"
#include "joule/training/config.h"

namespace joule::cli {

/// The options of every command that runs a net: --threads, --device, --precision, --deterministic,
/// --separate-norms.
struct Execution {
  training::Config config;  // of which only the fields of these options count
  bool separate_norms = false;

  /// Registers those of the four that the command has; with --deterministic --separate-norms.
  void add_to(Command& command, std::initializer_list<std::string_view> fields = {
                                    "threads", "device", "precision", "deterministic"});
  /// Makes them hold for this thread's operations from now on.
  ///
  /// Errors    ArgumentError for a bad value; DeviceError for a device that this build has not.
  void apply() const;
  /// For people: what the operands of products may be rounded to.
  std::string products_in() const { return training::products_in(config); }
  /// A line that says so, unless nothing may be rounded.
  void print_precision() const;
  /// Where to compute.
  Device where() const { return training::device(config); }
};

}  // namespace joule::cli
