// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/grammar.h"

// The settings of an evolution besides the grammar, as data.
namespace joule::evolution {

/// A kind of module: its layers are derived from <start>.
struct ModuleRule {
  std::string start;                  // "features"
  std::vector<std::int64_t> initial;  // the initial number of layers is one of these
  std::int64_t least = 1, most = 1;   // limits of the number of layers for mutation
  /// How far back a layer may read: 1: a chain; 3: also the outputs of up to two layers earlier.
  std::int64_t levels_back = 1;
  friend bool operator==(const ModuleRule&, const ModuleRule&) = default;
};

struct Structure {
  std::vector<ModuleRule> modules;  // initially one of each, in this order
  std::string output = "softmax";   // the start of the last layer
  std::vector<std::string> macros;  // starts of properties of the whole net
  double initial_reuse = 0;         // probability that an initial layer reuses one of the module
  friend bool operator==(const Structure&, const Structure&) = default;

  /// Errors    ArgumentError if there is none of that start.
  const ModuleRule& module(std::string_view start) const;
};

/// How a float changes: drawn again in its range, or by N(0, 0.15), clipped.
enum class FloatMutation { redraw, gaussian };

/// Probabilities, see operators.h.
struct Rates {
  double train_longer = 0;
  double reuse_module = 0, remove_module = 0;
  double add_layer = 0, reuse_layer = 0, remove_layer = 0;
  double dsge_layer = 0;
  double add_connection = 0, remove_connection = 0;
  double macro_layer = 0;
  FloatMutation floats = FloatMutation::redraw;
  friend bool operator==(const Rates&, const Rates&) = default;
};

/// How the inputs of a layer are combined.
///   sum          each is brought to the shape of the one that comes first in the net, by a linear
///                convolution (features: by a linear layer), and they are added
///   concatenate  each is brought to the smallest height and width by max pooling with stride 1,
///                and they are concatenated along the channels
enum class Merge { sum, concatenate };

/// How a phenotype becomes a net.
struct NetRules {
  Merge merge = Merge::sum;
  bool same_without_stride = true;   // a convolution with padding:same has stride 1
  bool skip_invalid_layers = false;  // false: such a layer makes the net invalid
  double most_dropout = 1;           // larger rates are reduced to this one
  std::int64_t most_parameters = 50'000'000;
  std::int64_t most_macs = 2'000'000'000;  // per image
  friend bool operator==(const NetRules&, const NetRules&) = default;
};

struct Settings {
  Structure structure;
  Rates rates;
  NetRules nets;
  friend bool operator==(const Settings&, const Settings&) = default;
};

/// "energize" or "fast-denser": as published, see docs/evolution.md.
/// Errors    ArgumentError with the names if there is none of that name.
Settings preset(std::string_view name);
std::vector<std::string> preset_names();

/// Errors    ArgumentError for a name or value that no layer or optimiser knows, a `_` bound other
///           than that of a partition point, or several numbers where one is expected.
void check_words(const Grammar& grammar);
/// Errors    ArgumentError as check_words(); a probability outside [0, 1], reversed bounds, or a
///           start that the grammar lacks.
void check(const Settings& settings, const Grammar& grammar);

/// As JSON with every member; the inverse takes omitted members from the preset named by "preset"
/// ("energize" if there is none).
///
/// Errors    DataError that begins with the path: not JSON, unknown or of the wrong type; a rate
///           outside [0, 1].
std::string to_json(const Settings& settings);
Settings parse_settings(std::string_view json, const std::string& path);

}  // namespace joule::evolution
