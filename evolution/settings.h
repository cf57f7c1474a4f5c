// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/grammar.h"

// What an evolution of nets is told besides the grammar, as data.
namespace joule::evolution {

/// A kind of module: its layers are derived from <start>.
struct ModuleRule {
  std::string start;                  // "features"
  std::vector<std::int64_t> initial;  // one of these is the number of layers at first
  std::int64_t least = 1, most = 1;   // layers that mutation leaves
  /// How far back a layer may read: 1, a chain; 3, also what comes up to two layers earlier.
  std::int64_t levels_back = 1;
  friend bool operator==(const ModuleRule&, const ModuleRule&) = default;
};

struct Structure {
  std::vector<ModuleRule> modules;  // at first one of each, in this order
  std::string output = "softmax";   // the start of the last layer
  std::vector<std::string> macros;  // starts of what concerns the net as a whole
  double initial_reuse = 0;         // that a layer is at first one that the module has already
  friend bool operator==(const Structure&, const Structure&) = default;

  /// Errors    ArgumentError if there is none of that start.
  const ModuleRule& module(std::string_view start) const;
};

/// How a float changes: to another one that is drawn in its range, or by N(0, 0.15), clipped.
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

/// How several inputs of a layer become one.
///   sum          each is brought to the shape of the one that comes first in the net, by a linear
///                convolution (features: by a linear layer), and they are added
///   concatenate  each is brought to the smallest height and width by max pooling with stride 1,
///                and their channels are put one after the other
enum class Merge { sum, concatenate };

/// How a phenotype becomes a net.
struct NetRules {
  Merge merge = Merge::sum;
  bool same_without_stride = true;   // a convolution with padding:same has stride 1
  bool skip_invalid_layers = false;  // or one of them makes the net invalid
  double most_dropout = 1;           // a larger rate becomes this one
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

/// Errors    ArgumentError for a name or value that no layer or optimiser knows, a bound that is
///           `_` of anything but a partition point, a number of which there are several.
void check_words(const Grammar& grammar);
/// Errors    ArgumentError: as check_words(); a probability outside [0, 1], bounds the wrong way
/// round, a start that
///           the grammar has not.
void check(const Settings& settings, const Grammar& grammar);

/// As JSON with every member; the inverse takes what is left out from the preset that "preset"
/// names ("energize" if there is none).
///
/// Errors    DataError that begins with the path: not JSON, unknown or of the wrong type; a rate
///           outside [0, 1].
std::string to_json(const Settings& settings);
Settings parse_settings(std::string_view json, const std::string& path);

}  // namespace joule::evolution
