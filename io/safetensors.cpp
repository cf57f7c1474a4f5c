// SPDX-License-Identifier: MIT
#include "joule/io/safetensors.h"

#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_text.h"
#include "joule/io/stored_tensors.h"

namespace joule {
namespace {

using nlohmann::json;

constexpr const char* kLayout = "joule.layout";
constexpr const char* kFlattened = "joule.flattened";

std::string text_of(const FlattenedInputs& flattened) {
  json layers = json::object();
  for (const auto& [name, hwc] : flattened) {
    layers[name] = std::vector<std::int64_t>(hwc.begin(), hwc.end());
  }
  return layers.dump();
}

/// The inverse; nothing if `text` is not of that form.
std::optional<FlattenedInputs> parse_flattened(const std::string& text) {
  if (!fault_of_json(text).empty()) return std::nullopt;
  const json layers = json::parse(text);
  if (!layers.is_object()) return std::nullopt;
  FlattenedInputs flattened;
  for (const auto& [name, hwc] : layers.items()) {
    constexpr std::uint64_t kMaxExtent = 1 << 20;  // products of three do not overflow
    if (!hwc.is_array() || hwc.size() != 3) return std::nullopt;
    for (const json& extent : hwc) {
      if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() > kMaxExtent) {
        return std::nullopt;
      }
    }
    flattened[name] = {hwc[0].get<std::int64_t>(), hwc[1].get<std::int64_t>(),
                       hwc[2].get<std::int64_t>()};
  }
  return flattened;
}

/// A model.safetensors that states no layout: those had only one.
bool is_unlabelled_model(const std::map<std::string, std::string>& metadata) {
  const auto format = metadata.find("format");
  return format != metadata.end() && format->second == "pt" && metadata.contains("joule") &&
         metadata.contains("model");
}

/// The file's own statement, completed by the caller's.
LoadOptions agreed(const std::string& path, LoadOptions file, const LoadOptions& caller) {
  if (file.layout && caller.layout && *file.layout != *caller.layout) {
    throw DataError(str(path, ": states that its weights lie as ", name(*file.layout),
                        ", expected ", name(*caller.layout)));
  }
  if (file.flattened && caller.flattened && *file.flattened != *caller.flattened) {
    throw DataError(str(path, ": states the flattened inputs ", text_of(*file.flattened),
                        ", the net ", text_of(*caller.flattened)));
  }
  return {.layout = file.layout ? file.layout : caller.layout,
          .flattened = file.flattened ? file.flattened : caller.flattened};
}

/// The layout, once no tensor can be mistaken.
WeightLayout settle(const std::string& path, const StoredTensors& stored,
                    const LoadOptions& options) {
  for (const auto& [name, tensor] : stored.tensors) {
    if (!options.layout && (depends_on_layout(tensor) || may_read_flattened(tensor))) {
      throw DataError(
          str(path, ": does not state its layout, and '", name, "' ", tensor.shape(), " could be ",
              depends_on_layout(tensor)
                  ? "[out,kh,kw,in] as in Joule or [out,in,kh,kw] as in PyTorch"
                  : "behind a flattened image of channels last as in Joule or first as in PyTorch",
              ": state it, load_safetensors(path, {.layout = WeightLayout::ohwi}) or "
              "{.layout = WeightLayout::oihw, .flattened = ...}"));
    }
    if (options.layout == WeightLayout::oihw && !options.flattened && may_read_flattened(tensor)) {
      throw DataError(str(
          path, ": '", name, "' ", tensor.shape(),
          " could read a flattened image, whose channels come first in this file: state what does, "
          "load_safetensors(path, {.layout = WeightLayout::oihw, .flattened = "
          "nn::flattened_inputs(net, {height, width, channels})}), or {} if no layer does"));
    }
  }
  return options.layout.value_or(WeightLayout::ohwi);
}

}  // namespace

void save_safetensors(const std::string& path, const State& state, const SaveOptions& options) {
  StoredTensors stored{.tensors = state.tensors, .metadata = state.values};
  for (const char* const key : {kLayout, kFlattened}) {
    require(!state.values.contains(key), "save_safetensors: the values state '", key,
            "': say .layout and .flattened instead");
  }
  stored.metadata[kLayout] = name(options.layout);
  if (options.layout == WeightLayout::oihw) {
    for (const auto& [name, tensor] : state.tensors) {
      require(options.flattened || !may_read_flattened(tensor), "save_safetensors: '", name, "' ",
              tensor.shape(), " could read a flattened image: say .flattened = ",
              "nn::flattened_inputs(net, {height, width, channels}), or {} if no layer does");
    }
    const FlattenedInputs flattened = options.flattened.value_or(FlattenedInputs{});
    stored.tensors = convert_layout(state.tensors, flattened, WeightLayout::oihw);
    stored.metadata[kFlattened] = text_of(flattened);
  }
  write_stored_tensors(path, stored);
}

LoadOptions stated_layout(const std::string& path, const StoredTensors& stored) {
  LoadOptions stated;
  const auto fail = [&](const char* key, const std::string& value) {
    throw DataError(str(path, ": the metadata's '", key, "' cannot be '", value, "'"));
  };
  const auto& metadata = stored.metadata;
  if (const auto found = metadata.find(kLayout); found != metadata.end()) {
    for (const WeightLayout layout : {WeightLayout::ohwi, WeightLayout::oihw}) {
      if (found->second == name(layout)) stated.layout = layout;
    }
    if (!stated.layout) fail(kLayout, found->second);
  } else if (is_unlabelled_model(metadata)) {
    stated.layout = WeightLayout::oihw;
  }
  if (const auto found = metadata.find(kFlattened); found != metadata.end()) {
    stated.flattened = parse_flattened(found->second);
    if (!stated.flattened) fail(kFlattened, found->second);
  }
  return stated;
}

State state_of(const std::string& path, StoredTensors stored, const LoadOptions& options) {
  const LoadOptions known = agreed(path, stated_layout(path, stored), options);
  if (settle(path, stored, known) == WeightLayout::oihw) {
    try {
      stored.tensors = convert_layout(stored.tensors, known.flattened.value_or(FlattenedInputs{}),
                                      WeightLayout::ohwi);
    } catch (const ArgumentError& error) {
      throw DataError(str(path, ": ", error.what()));
    }
  }
  stored.metadata.erase(kLayout);
  stored.metadata.erase(kFlattened);
  return {.tensors = std::move(stored.tensors), .values = std::move(stored.metadata)};
}

State load_safetensors(const std::string& path, const LoadOptions& options) {
  return state_of(path, read_stored_tensors(path), options);
}

}  // namespace joule
