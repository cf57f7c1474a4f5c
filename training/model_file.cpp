// SPDX-License-Identifier: MIT
#include "training/model_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "core/version.h"
#include "data/layout.h"
#include "data/safetensors.h"
#include "layers/modules.h"
#include "layers/uninitialised.h"

namespace joule::training {
namespace {

using nlohmann::json;

constexpr const char* kWeight = ".weight";
// Of an image that a file may name: what memory an unknown file can ask for has an end.
constexpr std::int64_t kMaxSide = 2048;

/// Of each linear layer that reads a flattened image, that image's [H,W,C].
std::map<std::string, Shape> flattened_inputs(nn::Sequential& net, const ModelSpec& spec) {
  std::map<std::string, Shape> found;
  Tensor flat;
  Shape image;
  const auto subscription = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
    if (dynamic_cast<const nn::Flatten*>(&event.module) && event.input.shape().rank() == 4) {
      flat = event.output;
      image = {event.input.dim(1), event.input.dim(2), event.input.dim(3)};
    } else if (dynamic_cast<const nn::Linear*>(&event.module) && flat &&
               event.input.same_storage(flat)) {
      found[std::string(event.layer)] = image;
    }
  });
  const NoGrad no_grad;
  const bool training = net.training();
  net.eval();
  net(Tensor::zeros({1, spec.image.h, spec.image.w, spec.channels}, DType::f32, net.device()));
  net.train(training);
  return found;
}

/// The same tensors, from one layout to the other.
std::map<std::string, Tensor> convert_layout(const std::map<std::string, Tensor>& tensors,
                                             const std::map<std::string, Shape>& flattened,
                                             bool outward) {
  std::map<std::string, Tensor> converted;
  for (const auto& [name, tensor] : tensors) {
    Tensor t = tensor.to(Device::cpu);
    if (t.shape().rank() == 4) {
      t = outward ? ohwi_to_oihw(t) : oihw_to_ohwi(t);
    } else if (name.ends_with(kWeight) && t.shape().rank() == 2) {
      const auto found = flattened.find(name.substr(0, name.size() - std::string(kWeight).size()));
      if (found != flattened.end() && found->second.numel() == t.dim(1)) {
        const Shape& hwc = found->second;
        t = outward ? ohwi_to_oihw(t.reshape({t.dim(0), hwc[0], hwc[1], hwc[2]}))
                    : oihw_to_ohwi(t.reshape({t.dim(0), hwc[2], hwc[0], hwc[1]}));
        t = t.reshape(tensor.shape());
      }
    }
    converted[name] = t;
  }
  return converted;
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
  std::int64_t count(const char* key) const { return parse(key, text(key)); }
  Size2 size(const char* key) const {
    const std::string_view both = text(key);
    const std::size_t x = both.find('x');
    if (x == std::string_view::npos) fail(key);
    return {parse(key, both.substr(0, x)), parse(key, both.substr(x + 1))};
  }
  std::vector<float> floats(const char* key, std::int64_t count) const {
    const json array = json::parse(text(key), nullptr, false);
    if (!array.is_array() || static_cast<std::int64_t>(array.size()) != count ||
        !std::all_of(array.begin(), array.end(), [](const json& v) { return v.is_number(); })) {
      fail(key);
    }
    return array.get<std::vector<float>>();
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

}  // namespace

Dataset Model::prepare(Dataset dataset) const {
  const Shape image{spec.image.h, spec.image.w, spec.channels};
  require(dataset.image_shape() == image, spec.name, ": this net takes images ", image,
          ", those of ", dataset.name, " are ", dataset.image_shape());
  require(dataset.classes() == spec.classes, spec.name, ": this net knows ", spec.classes,
          " classes, ", dataset.name, " has ", dataset.classes());
  dataset.mean = mean;
  dataset.deviation = deviation;
  return dataset;
}

Model make_model_for(const std::string& name, const std::string& data, const Dataset& dataset) {
  const Shape image = dataset.image_shape();
  const ModelSpec spec{.name = name,
                       .image = {image[0], image[1]},
                       .channels = image[2],
                       .classes = dataset.classes()};
  return {.spec = spec,
          .net = make_model(spec),
          .data = data,
          .mean = dataset.mean,
          .deviation = dataset.deviation};
}

void save_model(const std::string& path, Model& model) {
  const ModelSpec& spec = model.spec;
  State file{
      .tensors = convert_layout(model.net.state().tensors, flattened_inputs(model.net, spec), true),
      .values = {{"format", "pt"},
                 {"joule", std::string(version())},
                 {"model", spec.name},
                 {"image", str(spec.image)},
                 {"channels", str(spec.channels)},
                 {"classes", str(spec.classes)},
                 {"data", model.data},
                 {"mean", json(model.mean).dump()},
                 {"deviation", json(model.deviation).dump()}}};
  if (model.epochs > 0) {
    file.values["epoch"] = str(model.epoch);
    file.values["epochs"] = str(model.epochs);
  }
  save_safetensors(path, file);
}

Model load_model(const std::string& path_or_folder) {
  const std::string path = std::filesystem::is_directory(path_or_folder)
                               ? path_or_folder + "/model.safetensors"
                               : path_or_folder;
  const State saved = load_safetensors(path);
  const Metadata metadata(path, saved.values);
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
  if (saved.values.contains("epochs")) {
    model.epochs = metadata.count("epochs");
    model.epoch = metadata.count("epoch");
    if (model.epoch > model.epochs) metadata.fail("epoch");
  }
  try {
    const UninitialisedWeights not_yet;
    model.net = make_model(spec);
    model.net.load_state({.tensors = convert_layout(saved.tensors, {}, false)});
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  } catch (const DeviceError& error) {
    throw DataError(str(path, ": the net that it names is too large: ", error.what()));
  }
  // They fit.  Once more, now that a forward pass can show which layers flatten.
  model.net.eval();
  model.net.load_state(
      {.tensors = convert_layout(saved.tensors, flattened_inputs(model.net, spec), false)});
  return model;
}

}  // namespace joule::training
