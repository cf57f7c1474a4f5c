// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/export.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/core/version.h"
#include "joule/exchange/onnx/write/writing.h"
#include "joule/io/json_dump.h"
#include "joule/io/layout.h"

namespace joule::exchange {
namespace {

constexpr std::size_t kMostWritten = (std::size_t{1} << 31) - 1;  // of a message of protobuf

/// Of each weight the share that is not zero.
std::string densities(const State& weights) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const auto& [name, tensor] : weights.tensors) {
    if (!name.ends_with(".weight") || tensor.numel() == 0) continue;
    const auto values = tensor.values<float>();
    const auto zeros = std::ranges::count(values, 0.0f);
    all[name] = 1 - static_cast<double>(zeros) / static_cast<double>(values.size());
  }
  return dumped(all);
}

}  // namespace

std::string to_onnx(const nn::Graph& graph, const State& weights,
                    const std::map<std::string, std::string>& metadata) {
  const nn::Graph net = nn::checked(graph);
  State here = weights;
  for (auto& [name, tensor] : here.tensors) {
    if (tensor.device() != Device::cpu) tensor = tensor.to(Device::cpu);
  }
  ::onnx::ModelProto model;
  model.set_ir_version(8);  // of operator set 17
  model.set_producer_name("joule");
  model.set_producer_version(std::string(version()));
  model.add_opset_import()->set_version(kWrittenOpset);
  std::map<std::string, std::string> all = metadata;
  all["joule.version"] = std::string(version());
  all["joule.layout"] = std::string(name(WeightLayout::oihw));
  all["joule.densities"] = densities(here);
  for (const auto& [key, value] : all) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  model.mutable_graph()->set_name(net.name);
  Writing(net, here, *model.mutable_graph()).run();
  std::string bytes;
  require(model.ByteSizeLong() <= kMostWritten && model.SerializeToString(&bytes),
          "onnx: the net's file would have more than ", kMostWritten, " bytes");
  return bytes;
}

}  // namespace joule::exchange
