// SPDX-License-Identifier: MIT
#include "joule/models/models.h"

#include <algorithm>
#include <map>

#include "joule/io/nearest.h"

namespace joule {
namespace {

using Make = nn::Sequential (*)(const ModelSpec&);

const std::map<std::string, Make>& makers() {
  static const std::map<std::string, Make> all{{"lenet5", lenet5},
                                               {"resnet18", resnet18},
                                               {"simple-cnn", simple_cnn},
                                               {"small-cnn", small_cnn},
                                               {"vgg16", vgg16}};
  return all;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : makers()) names.push_back(name);
  return names;
}

nn::Sequential make_model(const ModelSpec& spec) {
  const auto found = makers().find(spec.name);
  if (found == makers().end()) {
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
  return found->second(spec);
}

}  // namespace joule
