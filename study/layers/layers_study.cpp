// SPDX-License-Identifier: MIT
#include "joule/study/layers/layers_study.h"

#include <memory>

#include "joule/layers/uninitialised.h"
#include "joule/models/models.h"
#include "joule/study/layers/layers_trial.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

using search::Dimension;
using search::Point;

search::Condition of_simple_cnn() { return {"net", {std::string("simple-cnn")}}; }

Dimension categorical(const char* name, const std::vector<std::string>& choices) {
  return {.name = name, .kind = search::Kind::categorical, .low = 0, .high = 1, .choices = choices};
}

Dimension count(const char* name, std::int64_t low, std::int64_t high) {
  return {.name = name,
          .kind = search::Kind::integer,
          .low = static_cast<double>(low),
          .high = static_cast<double>(high)};
}

Dimension drawn(const char* name, const search::Interval& range) {
  return {.name = name, .kind = search::Kind::real, .low = range.low, .high = range.high};
}

search::Space space_of(const LayersConfig& c) {
  Dimension conv = count("conv", c.conv.front(), c.conv.back());
  Dimension relu = categorical("relu", c.relu);
  conv.active_if = relu.active_if = of_simple_cnn();
  return search::Space({count("draw", 1, c.repeats), categorical("net", c.nets),
                        count("linear", c.linear.front(), c.linear.back()), conv, relu,
                        drawn("lr", c.lr), drawn("beta1", c.beta1), drawn("beta2", c.beta2)});
}

/// Before the first trial.
///
/// Errors    ArgumentError if a net is too deep for the images.
void require_fit(const LayersConfig& config, const Dataset& images) {
  const UninitialisedWeights only_shapes_count;
  const Shape image = images.image_shape();
  for (const LayersNet& net : nets_of(config)) {
    make_model({.name = net.model(),
                .image = {image[0], image[1]},
                .channels = image[2],
                .classes = images.classes()});
  }
}

Point point_of(std::int64_t draw, const LayersNet& net, const LayersDraw& drawn) {
  Point point{{"draw", draw}, {"net", net.family}, {"linear", net.linear}};
  if (net.in_factorial()) {
    point.set("conv", net.conv);
    point.set("relu", std::string(net.relu ? "each" : "none"));
  }
  point.set("lr", drawn.lr);
  point.set("beta1", drawn.beta1);
  point.set("beta2", drawn.beta2);
  return point;
}

}  // namespace

StudyDefinition layers_study(const std::string& name, const LayersConfig& config) {
  check(config);
  StudyDefinition study{.name = name, .kind = "layers", .config = to_json(config)};
  study.space = space_of(config);
  study.goals = {
      {trained::named(trained::kAccuracy, chosen_on(config.training)), search::Direction::maximise},
      {layers::kMacs, search::Direction::minimise}};
  study.seed = config.training.seed;
  const std::vector<LayersDraw> draws = draws_of(config);
  for (std::size_t i = 0; i < draws.size(); ++i) {
    for (const LayersNet& net : nets_of(config)) {
      study.fixed.push_back(point_of(static_cast<std::int64_t>(i) + 1, net, draws[i]));
    }
  }
  return study;
}

LayersNet net_at(const Point& point) {
  LayersNet net{.family = point.get<std::string>("net"),
                .linear = point.get<std::int64_t>("linear")};
  if (net.in_factorial()) {
    net.conv = point.get<std::int64_t>("conv");
    net.relu = point.get<std::string>("relu") == "each";
  }
  return net;
}

training::Config training_at(const LayersConfig& config, const Point& point) {
  training::Config training = config.training;
  training.model = net_at(point).model();
  training.lr = point.get<double>("lr");
  training.beta1 = point.get<double>("beta1");
  training.beta2 = point.get<double>("beta2");
  if (config.seeds == "each") {
    training.seed += static_cast<std::uint64_t>(point.get<std::int64_t>("draw") - 1);
  }
  return training;
}

Kind layers_kind() {
  return {.name = "layers",
          .about = "what layers cost: a factorial of linear layers, convolutions and ReLUs",
          .make = [](const StudyDefinition& definition) -> Objective {
            const auto config = std::make_shared<const LayersConfig>(
                parse_layers_config(definition.config, "study " + definition.name));
            const auto data = std::make_shared<const DataSplit>(trial_data(config->training));
            require_fit(*config, data->train);
            return [config, data](const Trial& trial, TrialContext& context) {
              return run_layers_trial(*config, *data, trial, context);
            };
          }};
}

}  // namespace joule::study
