// SPDX-License-Identifier: MIT
#include "joule/measure/open_net.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/data/image/resize.h"
#include "joule/exchange/onnx/import.h"
#include "joule/io/input_file.h"
#include "joule/io/json_text.h"
#include "joule/layers/uninitialised.h"

namespace joule::measure {
namespace {

using exchange::OnnxNet;
using nlohmann::json;

nn::Net net_of(const OnnxNet& read, const nn::Graph& graph) {
  const UninitialisedWeights loaded_next;
  nn::Net net(graph);
  net.load_state(read.weights);
  net.eval();
  return net;
}

/// Features, as an image of one row.
nn::Graph of_images(nn::Graph graph) {
  if (graph.inputs.size() != 1 || graph.inputs[0].shape.rank() != 1) return graph;
  nn::GraphInput& input = graph.inputs[0];
  nn::Node flatten{.name = "flatten", .kind = "Flatten", .inputs = {input.name}};
  const auto taken = [&](const nn::Node& node) { return node.name == flatten.name; };
  while (flatten.name == input.name || std::ranges::any_of(graph.nodes, taken)) {
    flatten.name += "_";
  }
  for (nn::Node& node : graph.nodes) std::ranges::replace(node.inputs, input.name, flatten.name);
  graph.nodes.insert(graph.nodes.begin(), flatten);
  input.shape = {1, input.shape[0], 1};
  return graph;
}

ModelSpec classifier(const OnnxNet& read, const nn::Graph& graph) {
  require(
      graph.inputs.size() == 1 && graph.inputs[0].shape.rank() == 3 && graph.outputs.size() == 1,
      "expected one input [N,C,H,W] or [N,F] and one output, got ", graph.inputs.size(), " and ",
      graph.outputs.size());
  const Shape image = graph.inputs[0].shape, logits = shapes_of(graph).at(graph.outputs[0]);
  require(logits.rank() == 1, "expected an output [N,classes], got ", logits,
          " behind the batch (joule summary --net shows it)");
  const auto& order = read.outputs[0].order;
  require(std::ranges::is_sorted(order),
          "its output is a flattened image, whose values Joule has in another order");
  return {.name = graph.name,
          .image = {image[0], image[1]},
          .channels = image[2],
          .classes = logits[0]};
}

/// A JSON array of the metadata; empty if it is not there.
template <class T>
std::vector<T> listed_in(const OnnxNet& read, const char* key, std::int64_t count) {
  const auto found = read.metadata.find(key);
  if (found == read.metadata.end()) return {};
  const json list = fault_of_json(found->second).empty() ? json::parse(found->second) : json();
  const bool fits = list.is_array() && std::ssize(list) == count &&
                    std::ranges::all_of(list, [](const json& value) {
                      return std::is_same_v<T, float> ? value.is_number() : value.is_string();
                    });
  require(fits, "the metadata's '", key, "' cannot be '", found->second, "'");
  return list.get<std::vector<T>>();
}

std::string text_in(const OnnxNet& read, const char* key) {
  const auto found = read.metadata.find(key);
  return found == read.metadata.end() ? std::string() : found->second;
}

void normalise(training::Model& model, const Normalization& given, const std::string& path) {
  if (given.mean.empty() && given.deviation.empty()) return;
  require(model.mean.empty(), "--mean: ", path, " says itself how its images are normalised");
  set_normalization(model, given);
}

training::Model model_of(const OnnxNet& read) {
  const nn::Graph graph = of_images(read.graph);
  training::Model model{.spec = classifier(read, graph), .data = text_in(read, "joule.data")};
  model.mean = listed_in<float>(read, "joule.mean", model.spec.channels);
  model.deviation = listed_in<float>(read, "joule.deviation", model.spec.channels);
  require(model.mean.size() == model.deviation.size() &&
              std::ranges::all_of(model.deviation, [](float d) { return d > 0; }),
          "the metadata's 'joule.deviation' does not fit");
  model.class_names = listed_in<std::string>(read, "joule.class_names", model.spec.classes);
  if (const std::string fit = text_in(read, "joule.fit"); !fit.empty()) {
    model.fit = fit_of(fit);
    require(model.fit.has_value(), "the metadata's 'joule.fit' cannot be '", fit, "'");
  }
  model.net = net_of(read, graph);
  return model;
}

}  // namespace

bool is_net_path(const std::string& path) { return path.ends_with(".json"); }

training::Model fresh_model(const std::string& path) {
  const std::string text = read_file(path);
  try {
    const nn::Graph graph = training::file_net(text);
    return {.spec = training::spec_of(graph), .net = nn::Net(graph)};
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
}

void require_normalization(const training::Model& model) {
  require(!model.mean.empty(), model.spec.name,
          " does not say how its images are normalised: say --mean and --deviation, numbers per "
          "channel (0 and 1: pixels from 0 to 1 as they are)");
}

void set_normalization(training::Model& model, const Normalization& given) {
  const auto channels = static_cast<std::size_t>(model.spec.channels);
  require(given.mean.size() == channels && given.deviation.size() == channels,
          "--mean and --deviation: expected ", channels, " numbers each, got ", given.mean.size(),
          " and ", given.deviation.size());
  const auto fits = [](double value) { return std::isfinite(static_cast<float>(value)); };
  require(std::ranges::all_of(given.mean, fits), "--mean: expected finite numbers");
  require(std::ranges::all_of(given.deviation,
                              [&](double d) { return static_cast<float>(d) > 0 && fits(d); }),
          "--deviation: expected numbers above 0");
  model.mean.assign(given.mean.begin(), given.mean.end());
  model.deviation.assign(given.deviation.begin(), given.deviation.end());
}

training::Model open_model(const std::string& path, const Normalization& given) {
  const bool onnx = exchange::is_onnx_path(path);
  if (is_net_path(path)) {
    throw DataError(str(path, ": a net without weights; joule train --net trains it"));
  }
  require(onnx || (given.mean.empty() && given.deviation.empty()), "--mean: ", path,
          " says itself how its images are normalised");
  if (!onnx) return training::load_model(path);
  const OnnxNet read = exchange::import_onnx(path);
  training::Model model;
  try {
    model = model_of(read);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  normalise(model, given, path);
  return model;
}

OpenedNet open_net(const std::string& path) {
  if (exchange::is_onnx_path(path)) {
    const OnnxNet read = exchange::import_onnx(path);
    return {read.graph, net_of(read, read.graph)};
  }
  const UninitialisedWeights not_computed_with;
  nn::Graph graph = nn::parse_graph(read_file(path), path);
  nn::Net net(graph);
  return {std::move(graph), std::move(net)};
}

}  // namespace joule::measure
