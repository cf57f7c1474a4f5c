// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/core/shape.h"

namespace joule::exchange {

/// Why a tensor of a file is taken for one of a net.
enum class MatchedBy { given, name, torchvision, shape, order };
/// "given", "name", "torchvision's name", "shape", "order".
std::string_view name(MatchedBy by);

struct WeightMatch {
  std::string file, net;  // full names
  Shape shape;            // in PyTorch's layout
  MatchedBy by;
  friend bool operator==(const WeightMatch&, const WeightMatch&) = default;
};

struct MatchOptions {
  /// Names of the file and of the net, of tensors or of whole layers: {"fc": "linear"}.
  std::map<std::string, std::string> given{};
  /// Layers of which several have the same parameters are matched in the order of the net and of
  /// the file's names (numbers by value: layer2 before layer10).
  bool in_order = false;
  /// Tensors of the file that match nothing are left out instead of refused.
  bool ignore_rest = false;
};

/// Which tensor of a file belongs to which of a net, in the order of the net.  Tried for each in
/// turn: what `options` gives; the same name; torchvision's name of it, for the net `net_name`
/// ("resnet18"); a layer whose parameters (their last names and shapes) only one layer of each
/// side that is left has; with `in_order` their order.
///
/// `net` are the names and shapes of the net's weights in their order, `file` those of the file,
/// both in PyTorch's layout.
///
/// Errors    ArgumentError that names the tensors and shapes: given names that are not there or
///           twice; a tensor that fits to nothing by shape; a layer that could be any of several;
///           weights of the net that are left without one; tensors of the file that are left over.
std::vector<WeightMatch> match_weights(const std::string& net_name,
                                       const std::vector<std::pair<std::string, Shape>>& net,
                                       const std::map<std::string, Shape>& file,
                                       const MatchOptions& options = {});

}  // namespace joule::exchange
