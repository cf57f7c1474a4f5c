// SPDX-License-Identifier: MIT
#include "joule/evolution/places.h"

#include <algorithm>
#include <utility>

namespace joule::evolution {
namespace {

/// `count` of them, each as likely, in the order in which they are drawn.
std::vector<std::int64_t> sample(std::vector<std::int64_t> from, std::size_t count, Draws& draws) {
  for (std::size_t i = 0; i < count; ++i)
    std::swap(from[i], from[i + draws.below(from.size() - i)]);
  from.resize(count);
  return from;
}

}  // namespace

std::vector<std::int64_t> earlier_places(std::size_t place, std::int64_t levels_back) {
  const auto at = static_cast<std::int64_t>(place);
  std::vector<std::int64_t> places;
  for (std::int64_t i = std::max<std::int64_t>(0, at - levels_back); i < at - 1; ++i) {
    places.push_back(i);
  }
  if (at > 0 && static_cast<std::int64_t>(places.size()) < levels_back - 1) places.push_back(-1);
  return places;
}

void insert_layer(Module& module, std::size_t place, std::int64_t layer, std::int64_t levels_back,
                  Draws& draws) {
  const auto at = static_cast<std::int64_t>(place);
  for (std::size_t i = place; i < module.layers.size(); ++i) {
    for (std::int64_t& input : module.layers[i].inputs) {
      if (input >= at - 1) ++input;
    }
  }
  PlacedLayer placed{.layer = layer, .inputs = {at - 1}};
  const std::vector<std::int64_t> possible = earlier_places(place, levels_back);
  const std::size_t count = possible.empty() ? 0 : draws.below(possible.size() + 1);
  for (const std::int64_t input : sample(possible, count, draws)) placed.inputs.push_back(input);
  module.layers.insert(module.layers.begin() + static_cast<std::ptrdiff_t>(place),
                       std::move(placed));
}

void erase_layer(Module& module, std::size_t place) {
  const auto at = static_cast<std::int64_t>(place);
  module.layers.erase(module.layers.begin() + static_cast<std::ptrdiff_t>(place));
  for (std::size_t i = place; i < module.layers.size(); ++i) {
    std::vector<std::int64_t> inputs;
    for (const std::int64_t input : module.layers[i].inputs) {
      if (input == at && i > place) continue;
      const std::int64_t moved = input >= at ? input - 1 : input;
      if (std::ranges::count(inputs, moved) == 0) inputs.push_back(moved);
    }
    if (inputs.empty()) inputs.push_back(static_cast<std::int64_t>(i) - 1);
    module.layers[i].inputs = std::move(inputs);
  }
}

}  // namespace joule::evolution
