// SPDX-License-Identifier: MIT
#include "joule/models/models.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>

#include "joule/io/nearest.h"

namespace joule {
namespace {

using Make = std::function<nn::Sequential(const ModelSpec&)>;

const std::map<std::string, Make>& makers() {
  static const std::map<std::string, Make> all{
      {"autoencoder", autoencoder},
      {"dense-linear", [](const ModelSpec& spec) { return dense_linear(spec); }},
      {"dense-poly", [](const ModelSpec& spec) { return dense_poly(spec); }},
      {"ds-cnn", ds_cnn},
      {"lenet5", lenet5},
      {"mobilenet-v1-0.25", mobilenet_v1},
      {"resnet18", resnet18},
      {"resnet8", resnet8},
      {"simple-cnn", [](const ModelSpec& spec) { return simple_cnn(spec); }},
      {"small-cnn", small_cnn},
      {"vgg16", vgg16}};
  return all;
}

/// The counts in "-4-7", exactly `count` of them; none if it is anything else, or one has a
/// leading 0: a net has one name.
std::optional<std::vector<std::int64_t>> counts_in(std::string_view text, std::size_t count) {
  std::vector<std::int64_t> counts;
  while (!text.empty() && counts.size() < count) {
    std::int64_t number = 0;
    if (text.size() < 2 || text[0] != '-' || text[1] < '1' || text[1] > '9') return {};
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (error != std::errc()) return {};
    counts.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (!text.empty() || counts.size() != count) return {};
  return counts;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// What a name that says how large the net is stands for; none if it is no such name.
Make sized_net(std::string_view name) {
  if (take_prefix(name, "dense-linear")) {
    const auto counts = counts_in(name, 1);
    if (!counts) return {};
    return [n = counts->at(0)](const ModelSpec& spec) { return dense_linear(spec, n); };
  }
  if (take_prefix(name, "dense-poly")) {
    const auto counts = counts_in(name, 1);
    if (!counts) return {};
    return [n = counts->at(0)](const ModelSpec& spec) { return dense_poly(spec, n); };
  }
  if (!take_prefix(name, "simple-cnn")) return {};
  SimpleCnnOptions options{.linear_init = Init::xavier_uniform};
  constexpr std::string_view kNoRelu = "-norelu";
  if (name.ends_with(kNoRelu)) {
    options.relu = false;
    name.remove_suffix(kNoRelu.size());
  }
  const auto counts = counts_in(name, 2);
  if (!counts) return {};
  options.blocks = counts->at(0);
  options.linear_layers = counts->at(1);
  return [options](const ModelSpec& spec) { return simple_cnn(spec, options); };
}

/// None if there is no such net.
Make make_of(std::string_view name) {
  const auto found = makers().find(std::string(name));
  return found == makers().end() ? sized_net(name) : found->second;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : makers()) names.push_back(name);
  return names;
}

ModelSpec usual_spec(const std::string& name) {
  if (name == "autoencoder") return {name, {1, 640}, 1, 640};
  if (name == "ds-cnn") return {name, {49, 10}, 1, 12};
  if (name == "mobilenet-v1-0.25") return {name, 96, 3, 2};
  if (name == "resnet8" || name == "resnet18" || name == "vgg16") return {name, 32, 3, 10};
  return {.name = name};
}

bool is_model_name(std::string_view name) { return static_cast<bool>(make_of(name)); }

nn::Sequential make_model(const ModelSpec& spec) {
  const Make make = make_of(spec.name);
  if (!make) {
    throw ArgumentError(str("model: there is no '", spec.name, "'; there are ",
                            listed(model_names()), did_you_mean(spec.name, model_names())));
  }
  require(spec.image.h >= 1 && spec.image.w >= 1 && spec.channels >= 1 && spec.classes >= 1,
          spec.name, ": image, channels and classes must be positive, got ", spec.image, ", ",
          spec.channels, " and ", spec.classes);
  // Beyond these, what a layer's extents are computed from would not fit into 64 bits.
  constexpr std::int64_t kMax = 1 << 16;
  require(std::max({spec.image.h, spec.image.w, spec.channels, spec.classes}) <= kMax, spec.name,
          ": image, channels and classes must be at most ", kMax, ", got ", spec.image, ", ",
          spec.channels, " and ", spec.classes);
  return make(spec);
}

}  // namespace joule
