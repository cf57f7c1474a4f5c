// SPDX-License-Identifier: MIT
#include "joule/training/run/model_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "joule/core/version.h"
#include "joule/data/image/read_image.h"
#include "joule/data/transform.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/io/stored_tensors.h"
#include "joule/layers/flattened_inputs.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/uninitialised.h"

namespace joule::training {
namespace {

using nlohmann::json;

// Of an image that a file may name: what memory an unknown file can ask for has an end.
constexpr std::int64_t kMaxSide = 2048;

Shape image_of(const ModelSpec& spec) { return {spec.image.h, spec.image.w, spec.channels}; }

/// Whoever has the name of one of Joule's nets must be it: names are what people compare.
void require_own_name(const nn::Graph& graph, const ModelSpec& spec) {
  if (!is_model_name(spec.name)) return;
  const UninitialisedWeights only_shapes_count;
  nn::Sequential named = make_model(spec);
  const std::string other = difference(graph, nn::graph_of(named, image_of(spec), spec.name));
  require(other.empty(), "net: it is named ", spec.name, ", but is another one (", other,
          "): give it a name of its own");
}

/// Layers of which only the output's shape is known.
bool has_own_kinds(const nn::Graph& graph) {
  return std::ranges::any_of(graph.nodes,
                             [](const nn::Node& node) { return node.output.has_value(); });
}

/// Reads the metadata of one file.
class Metadata {
 public:
  Metadata(const std::string& path, const std::map<std::string, std::string>& values)
      : path_(path), values_(values) {}

  const std::string& text(const char* key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) {
      throw DataError(str(path_, ": the metadata has no '", key, "': not a model of Joule's"));
    }
    return found->second;
  }
  bool has(const char* key) const { return values_.contains(key); }
  std::int64_t count(const char* key) const { return parse(key, text(key)); }
  Size2 size(const char* key) const {
    const std::string_view both = text(key);
    const std::size_t x = both.find('x');
    if (x == std::string_view::npos) fail(key);
    return {parse(key, both.substr(0, x)), parse(key, both.substr(x + 1))};
  }
  std::vector<float> floats(const char* key, std::int64_t count) const {
    if (!fault_of_json(text(key)).empty()) fail(key);
    const json array = json::parse(text(key));
    if (!array.is_array() || static_cast<std::int64_t>(array.size()) != count ||
        !std::all_of(array.begin(), array.end(), [](const json& v) { return v.is_number(); })) {
      fail(key);
    }
    return array.get<std::vector<float>>();
  }
  std::vector<std::string> texts(const char* key, std::int64_t count) const {
    if (!fault_of_json(text(key)).empty()) fail(key);
    const json array = json::parse(text(key));
    if (!array.is_array() || static_cast<std::int64_t>(array.size()) != count ||
        !std::all_of(array.begin(), array.end(), [](const json& v) { return v.is_string(); })) {
      fail(key);
    }
    return array.get<std::vector<std::string>>();
  }
  [[noreturn]] void fail(const char* key) const {
    throw DataError(str(path_, ": the metadata's '", key, "' cannot be '", text(key), "'"));
  }

 private:
  std::int64_t parse(const char* key, std::string_view digits) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 1) fail(key);
    return value;
  }

  const std::string& path_;
  const std::map<std::string, std::string>& values_;
};

/// The net that a file names, or whose graph it holds, with weights that are still to be read;
/// there are so many numbers in the file.
nn::Net net_of(const Metadata& metadata, const ModelSpec& spec, std::int64_t floats) {
  const UninitialisedWeights not_yet;
  if (!metadata.has("net")) return make_model(spec);
  const nn::Graph graph = file_net(metadata.text("net"));
  require(spec_of(graph) == spec, "its graph is ", graph.name, ", images ", graph.inputs[0].shape,
          ", not ", spec.name, ", images ", image_of(spec), ", ", spec.classes, " classes");
  std::int64_t weights = 0;  // before anything of that size is made
  for (const auto& [name, shape] : weights_of(graph)) weights += shape.numel();
  require(weights <= floats, "its graph has ", weights, " weights, the file ", floats);
  if (is_model_name(spec.name)) return make_model(spec);
  return nn::Net(graph);
}

}  // namespace

ModelSpec spec_of(const nn::Graph& graph) {
  const auto take_image = graph.inputs.size() == 1 && graph.inputs[0].shape.rank() == 3;
  require(take_image && graph.outputs.size() == 1, "net: ", graph.name,
          ": expected one input [H,W,C] and one output, got ", graph.inputs.size(), " and ",
          graph.outputs.size(),
          graph.inputs.size() == 1 ? str(", the input ", graph.inputs[0].shape) : "");
  const Shape image = graph.inputs[0].shape, logits = shapes_of(graph).at(graph.outputs[0]);
  require(logits.rank() == 1, "net: ", graph.name, ": expected an output of classes, got ", logits);
  return {.name = graph.name,
          .image = {image[0], image[1]},
          .channels = image[2],
          .classes = logits[0]};
}

Dataset Model::prepare(Dataset dataset) const {
  const Shape image = image_of(spec);
  require(dataset.image_shape() == image, spec.name, ": this net takes images ", image,
          ", those of ", dataset.name, " are ", dataset.image_shape());
  require(dataset.classes() == spec.classes, spec.name, ": this net knows ", spec.classes,
          " classes, ", dataset.name, " has ", dataset.classes());
  dataset.mean = mean;
  dataset.deviation = deviation;
  return dataset;
}

DataSplit Model::load_data(const std::string& name_or_path) const {
  DataSplit split = load_dataset(name_or_path.empty() ? data : name_or_path,
                                 {.size = spec.image, .fit = fit, .normalization = false});
  return {.train = prepare(std::move(split.train)), .test = prepare(std::move(split.test))};
}

Tensor Model::read_images(std::span<const std::string> paths) const {
  Tensor images({std::ssize(paths), spec.image.h, spec.image.w, spec.channels});
  const auto values = static_cast<std::size_t>(image_of(spec).numel());
  std::vector<std::uint8_t> bytes(values);
  float* to = images.mutable_data<float>();
  for (const std::string& path : paths) {
    const Bitmap image = with_channels(read_image(path), spec.channels);
    frame(image, {}, {.size = spec.image, .fit = fit.value_or(Fit::crop)}, bytes);
    for (std::size_t i = 0; i < values; ++i) to[i] = static_cast<float>(bytes[i]) * (1.0f / 255);
    normalize({spec.image.h, spec.image.w, spec.channels, {to, values}}, mean, deviation);
    to += values;
  }
  return images;
}

nn::Graph file_net(const std::string& json) {
  try {
    const nn::Graph graph = nn::parse_graph(json, "net");
    require_own_name(graph, spec_of(graph));
    return graph;
  } catch (const DataError& error) {
    throw ArgumentError(error.what());
  }
}

std::string graph_json(Model& model) {
  const nn::Graph graph = nn::graph_of(model.net, image_of(model.spec), model.spec.name);
  return has_own_kinds(graph) ? "" : to_json(graph);
}

Model make_model_for(const std::string& name, const std::string& data, const Dataset& dataset,
                     const std::string& net) {
  const Shape image = dataset.image_shape();
  if (!net.empty()) {
    const nn::Graph graph = file_net(net);
    require(graph.name == name, "net: it is named ", graph.name, ", but the model is to be ", name);
    Model model{.spec = spec_of(graph), .data = data};
    model.prepare(dataset);  // which says what does not fit
    model.net = nn::Net(graph);
    model.mean = dataset.mean;
    model.deviation = dataset.deviation;
    model.class_names = dataset.class_names;
    model.fit = dataset.fit;
    return model;
  }
  const ModelSpec spec{.name = name,
                       .image = {image[0], image[1]},
                       .channels = image[2],
                       .classes = dataset.classes()};
  return {.spec = spec,
          .net = make_model(spec),
          .data = data,
          .mean = dataset.mean,
          .deviation = dataset.deviation,
          .class_names = dataset.class_names,
          .fit = dataset.fit};
}

/// What load_model() would refuse.
void require_loadable(const Model& model, const nn::Graph& net) {
  const ModelSpec& spec = model.spec;
  const auto values = [&](const char* what, const std::vector<float>& of) {
    require(std::ssize(of) == spec.channels, "save_model: ", what, " has ", of.size(),
            " values, expected one for each of the ", spec.channels,
            " channels, as measure_normalization() gives them");
  };
  values("mean", model.mean);
  values("deviation", model.deviation);
  require(std::ranges::all_of(model.deviation, [](float d) { return d > 0; }),
          "save_model: a deviation is not positive");
  if (has_own_kinds(net)) {
    require(is_model_name(spec.name), "save_model: ", spec.name,
            " has a layer of its own kind, which no file can hold: give the layer a spec() and its "
            "kind a name with register_kind(), or save the weights alone with save_safetensors()");
    return;
  }
  const ModelSpec is = spec_of(net);
  require(is == spec, "save_model: the spec says images ", image_of(spec), " and ", spec.classes,
          " classes, the net takes images ", image_of(is), " and knows ", is.classes);
  require_own_name(net, spec);
}

void save_model(const std::string& path, Model& model) {
  const ModelSpec& spec = model.spec;
  State state = model.net.state();
  state.values = {{"format", "pt"},
                  {"joule", std::string(version())},
                  {"model", spec.name},
                  {"image", str(spec.image)},
                  {"channels", str(spec.channels)},
                  {"classes", str(spec.classes)},
                  {"data", model.data},
                  {"mean", json(model.mean).dump()},
                  {"deviation", json(model.deviation).dump()}};
  const nn::Graph graph = nn::graph_of(model.net, image_of(spec), spec.name);
  require_loadable(model, graph);
  if (!has_own_kinds(graph)) state.values["net"] = to_json(graph);
  if (!model.class_names.empty()) {
    state.values["class_names"] = dumped(nlohmann::ordered_json(model.class_names));
  }
  if (model.fit) state.values["fit"] = name(*model.fit);
  if (model.epochs > 0) {
    state.values["epoch"] = str(model.epoch);
    state.values["epochs"] = str(model.epochs);
  }
  save_safetensors(
      path, state,
      {.layout = WeightLayout::oihw, .flattened = nn::flattened_inputs(model.net, image_of(spec))});
}

Model load_model(const std::string& path_or_folder) {
  const std::string path = std::filesystem::is_directory(path_or_folder)
                               ? path_or_folder + "/model.safetensors"
                               : path_or_folder;
  const StoredTensors saved = read_stored_tensors(path);
  const Metadata metadata(path, saved.metadata);
  const ModelSpec spec{.name = metadata.text("model"),
                       .image = metadata.size("image"),
                       .channels = metadata.count("channels"),
                       .classes = metadata.count("classes")};
  // Before anything of that size is made; the rest is found when the tensors do not fit.
  std::int64_t floats = 0;
  for (const auto& [name, tensor] : saved.tensors) floats += tensor.numel();
  if (spec.image.h > kMaxSide || spec.image.w > kMaxSide) metadata.fail("image");
  for (const auto& [key, count] :
       {std::pair("channels", spec.channels), {"classes", spec.classes}}) {
    if (count > floats) metadata.fail(key);
  }
  const auto mean = metadata.floats("mean", spec.channels);
  const auto deviation = metadata.floats("deviation", spec.channels);
  if (std::any_of(deviation.begin(), deviation.end(), [](float d) { return !(d > 0); })) {
    metadata.fail("deviation");
  }
  Model model{.spec = spec, .data = metadata.text("data"), .mean = mean, .deviation = deviation};
  if (metadata.has("class_names")) model.class_names = metadata.texts("class_names", spec.classes);
  if (metadata.has("fit")) {
    model.fit = fit_of(metadata.text("fit"));
    if (!model.fit) metadata.fail("fit");
  }
  if (saved.metadata.contains("epochs")) {
    model.epochs = metadata.count("epochs");
    model.epoch = metadata.count("epoch");
    if (model.epoch > model.epochs) metadata.fail("epoch");
  }
  // A file of this kind that does not say is in the layout that such files always had.
  LoadOptions stated = stated_layout(path, saved);
  if (!stated.layout) stated.layout = WeightLayout::oihw;
  try {
    model.net = net_of(metadata, spec, floats);
    model.net.load_state(state_of(
        path, saved,
        {.layout = stated.layout, .flattened = stated.flattened.value_or(FlattenedInputs{})}));
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  } catch (const DeviceError& error) {
    throw DataError(str(path, ": the net that it names is too large: ", error.what()));
  }
  model.net.eval();
  // They fit.  Once more, now that a forward pass can show which layers flatten.
  if (*stated.layout == WeightLayout::oihw) {
    model.net.load_state(state_of(
        path, saved,
        {.layout = stated.layout, .flattened = nn::flattened_inputs(model.net, image_of(spec))}));
  }
  return model;
}

}  // namespace joule::training
