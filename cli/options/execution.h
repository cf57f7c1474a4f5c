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

/// The options of every command that runs a net: --threads, --device, --precision, --algorithms,
/// --deterministic, --separate-norms.
struct Execution {
  training::Config config;  // only the fields of these options are used
  bool separate_norms = false;

  /// Registers those of the five that the command has; with --deterministic also --separate-norms.
  void add_to(Command& command,
              std::initializer_list<std::string_view> fields = {"threads", "device", "precision",
                                                                "algorithms", "deterministic"});
  /// Applies them to this thread's operations from now on.
  ///
  /// Errors    ArgumentError for a bad value; DeviceError for a device that this build lacks.
  void apply() const;
  /// For people, as training::products_in().
  std::string products_in() const { return training::products_in(config); }
  /// Whether products are computed other than by the definition in f32.
  bool departs() const { return config.precision != "f32" || config.algorithms != "direct"; }
  /// Prints products_in() on a line if departs().
  void print_precision() const;
  /// The device to compute on.
  Device where() const { return training::device(config); }
};

}  // namespace joule::cli
