// SPDX-License-Identifier: MIT
#include "joule/exchange/channel_order.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "joule/core/error.h"

namespace joule::exchange {
namespace {

/// What gives each value from the one at its place, with at most a parameter per place.
bool keeps_places(const std::string& kind) {
  constexpr std::array kKinds{"BatchNorm", "Clip",      "Dropout", "ELU",  "Erf",     "GELU",
                              "HardSwish", "LeakyReLU", "ReLU",    "SiLU", "Sigmoid", "Tanh"};
  return std::ranges::any_of(kKinds, [&](std::string_view name) { return name == kind; });
}

}  // namespace

ChannelOrder channel_order(const nn::Graph& graph, const std::map<std::string, Shape>& shapes) {
  std::map<std::string, std::string> from;  // of each value the Flatten that it came from
  std::map<std::string, Shape> images;      // of each Flatten
  std::set<std::string> refused;
  for (const nn::Node& layer : graph.nodes) {
    if (layer.kind == "Flatten" && shapes.at(layer.inputs[0]).rank() == 3) {
      const Shape& image = shapes.at(layer.inputs[0]);
      if (image[2] == 1 || image.numel() == image[2]) continue;  // both orders are the same
      from[layer.name] = layer.name;
      images[layer.name] = image;
    }
    for (const std::string& input : layer.inputs) {
      const auto origin = from.find(input);
      if (origin == from.end() || layer.kind == "Linear") continue;
      if (keeps_places(layer.kind)) {
        from[layer.name] = std::string(origin->second);
      } else {
        refused.insert(origin->second);
      }
    }
  }
  for (const std::string& output : graph.outputs) {
    if (const auto origin = from.find(output); origin != from.end()) refused.insert(origin->second);
  }
  ChannelOrder order;
  for (const auto& [value, origin] : from) {
    if (!refused.contains(origin)) order.values[value] = images.at(origin);
  }
  for (const nn::Node& layer : graph.nodes) {
    const bool reads = layer.kind == "Linear" || layer.kind == "BatchNorm";
    const auto image = reads ? order.values.find(layer.inputs[0]) : order.values.end();
    if (image != order.values.end()) order.readers[layer.name] = image->second;
  }
  return order;
}

std::map<std::string, Tensor> own_weights(const nn::Graph& graph,
                                          const std::map<std::string, Tensor>& weights,
                                          const char* what) {
  std::map<std::string, Tensor> own;
  for (const auto& [name, shape] : nn::weights_of(graph)) {
    const auto found = weights.find(name);
    require(found != weights.end(), what, ": the weights lack ", name);
    const Tensor& tensor = found->second;
    require(tensor.shape() == shape && tensor.dtype() == DType::f32, what, ": ", name,
            ": expected f32 ", shape, ", got ", tensor.dtype(), " ", tensor.shape());
    own[name] = tensor.device() == Device::cpu ? tensor : tensor.to(Device::cpu);
  }
  return own;
}

}  // namespace joule::exchange
