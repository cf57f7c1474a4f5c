// SPDX-License-Identifier: MIT
#include "joule/training/relu_threshold.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/data/loader.h"
#include "joule/data/validation.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/uninitialised.h"
#include "joule/training/inference.h"
#include "joule/training/macs_saved.h"
#include "joule/training/run/run.h"

namespace joule::training {
namespace {

constexpr std::int64_t kSampledImages = 256, kSampledAtOnce = 32;
// Per ReLU and batch: enough for a quantile to a tenth of a percent, and little memory.
constexpr std::int64_t kSamplesOfBatch = 1 << 14;
constexpr int kHalvings = 7;
constexpr double kLeastLogRise = -9, kMostLogRise = 1;  // of the cross-entropy, in nats

nn::Graph graph_of(Model& model) {
  const ModelSpec& spec = model.spec;
  return nn::graph_of(model.net, {spec.image.h, spec.image.w, spec.channels}, spec.name);
}

/// Of a layer's outputs.
struct Sample {
  std::vector<float> nonzeros;           // some, ascending
  std::int64_t values = 0, nonzero = 0;  // how many were seen, and of them not zero
};
using Samples = std::map<std::string, Sample>;

void add(Sample& to, const Tensor& output) {
  std::vector<float> nonzeros;
  for (const float y : output.to(Device::cpu).values<float>()) {
    if (y > 0) nonzeros.push_back(y);
  }
  const auto count = std::ssize(nonzeros);
  to.values += output.numel();
  to.nonzero += count;
  const std::int64_t wanted = std::min(count, kSamplesOfBatch);
  // Evenly spaced, not the first: those would be of one image.
  for (std::int64_t i = 0; i < wanted; ++i) {
    to.nonzeros.push_back(nonzeros[static_cast<std::size_t>(i * count / wanted)]);
  }
}

Samples samples_of(nn::Module& net, const Dataset& images) {
  const Inference inference(net);
  const Dataset first = images.take(std::min(kSampledImages, images.size()));
  const DataLoader loader(first, {.batch = kSampledAtOnce, .shuffle = false, .workers = 0});
  Samples samples;
  for (const Batch& batch : loader) {
    TapCollector taps({});
    net(batch.images.to(net.device()));
    for (const Tap& tap : taps.take()) add(samples[std::string(tap.layer)], tap.value);
  }
  for (auto& [layer, sample] : samples) std::ranges::sort(sample.nonzeros);
  return samples;
}

// Quantiles of the outputs that are not zero.
constexpr std::array kGrid = {0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95};
using Rises = std::array<double, kGrid.size()>;

/// The q-quantile; with q = 0 nothing is cut off.
float quantile(const std::vector<float>& values, double q) {
  if (q == 0 || values.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

/// The largest quantile that alone costs no more than `most`.
double quantile_within(const Rises& rises, double most) {
  std::size_t at = kGrid.size() - 1;
  while (rises[at] > most) --at;
  if (at == kGrid.size() - 1) return kGrid[at];
  const double part = (most - rises[at]) / (rises[at + 1] - rises[at]);
  return std::lerp(kGrid[at], kGrid[at + 1], part);
}

/// Judges nets, and tells how far that has come.
class Judge {
 public:
  Judge(const ThresholdHooks& hooks, std::int64_t all) : hooks_(hooks), all_(all) {}

  /// Nothing if it was stopped.
  std::optional<Evaluation> operator()(Model& model, const Dataset& images) {
    auto evaluation = evaluate(model.net, images, {.stop = hooks_.stop});
    if (evaluation && hooks_.progress) hooks_.progress(++done_, all_);
    return evaluation;
  }

 private:
  const ThresholdHooks& hooks_;
  std::int64_t done_ = 0, all_;
};

/// What the search of threshold_relus() goes by.
class Thresholds {
 public:
  Thresholds(Model& model, const Dataset& images) : samples_(samples_of(model.net, images)) {
    require(!samples_.empty(), "relu_threshold: ", model.spec.name, " has no ReLU");
    for (const nn::Node& node : graph_of(model).nodes) {
      if (node.kind != "ReLU") continue;
      own_[node.name] = static_cast<float>(node.attributes.number("threshold"));
    }
    keep_worthwhile(model);
  }

  const ReluThresholds& own() const { return own_; }
  /// How often measure() judges a net.
  std::int64_t measurements() const {
    return 1 + std::ssize(samples_) * static_cast<std::int64_t>(kGrid.size() - 1);
  }

  /// Of each layer alone how the loss rises along the grid; false if it was stopped.
  bool measure(Model& model, const Dataset& images, Judge& judge) {
    const auto before = judge(model, images);
    if (!before) return false;
    for (const auto& [layer, sample] : samples_) {
      Rises& rises = rises_[layer];
      for (std::size_t at = 1; at < kGrid.size(); ++at) {
        Model tried = with_relu_thresholds(model, {{layer, at_least(layer, kGrid[at])}});
        const auto after = judge(tried, images);
        if (!after) return false;
        rises[at] =
            std::max(rises[at - 1], after->loss - before->loss);  // noise makes no layer bear more
      }
    }
    return true;
  }

  ReluThresholds within(double rise) const {
    ReluThresholds thresholds = own_;
    for (const auto& [layer, rises] : rises_) {
      thresholds[layer] = at_least(layer, quantile_within(rises, rise));
    }
    return thresholds;
  }

 private:
  float at_least(const std::string& layer, double q) const {
    return std::max(own_.at(layer), quantile(samples_.at(layer).nonzeros, q));
  }

  /// Forgets the layers whose zeros save next to nothing.
  void keep_worthwhile(Model& model) {
    const ModelSpec& spec = model.spec;
    const auto saved = macs_saved(model.net, {spec.image.h, spec.image.w, spec.channels});
    const auto cost = [&](const Samples::value_type& sample) {
      return saved.at(sample.first) * static_cast<double>(sample.second.nonzero) /
             static_cast<double>(sample.second.values);
    };
    double most = 0;
    for (const auto& sample : samples_) most = std::max(most, cost(sample));
    require(most > 0, "relu_threshold: no zeros of a ReLU of ", spec.name, " save anything");
    std::erase_if(samples_, [&](const auto& sample) { return cost(sample) < kLeastMacs * most; });
  }

  Samples samples_;
  ReluThresholds own_;
  std::map<std::string, Rises> rises_;
};

/// Those of the largest rise that loses no more than `most_lost`.
std::optional<ThresholdedModel> within(Model& model, const Dataset& images,
                                       const Thresholds& choice, const Evaluation& before,
                                       double most_lost, Judge& judge) {
  ThresholdedModel best{.model = with_relu_thresholds(model, {}),
                        .thresholds = choice.own(),
                        .before = before,
                        .after = before};
  double least = kLeastLogRise, most = kMostLogRise;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = std::midpoint(least, most);
    ReluThresholds thresholds = choice.within(std::exp(middle));
    Model tried = with_relu_thresholds(model, thresholds);
    const auto after = judge(tried, images);
    if (!after) return std::nullopt;
    if (100 * (before.accuracy() - after->accuracy()) > most_lost) {
      most = middle;
      continue;
    }
    least = middle;
    best.model = std::move(tried);
    best.thresholds = std::move(thresholds);
    best.after = *after;
  }
  return best;
}

}  // namespace

Model with_relu_thresholds(Model& model, const ReluThresholds& thresholds) {
  nn::Graph graph = graph_of(model);
  for (const auto& [layer, threshold] : thresholds) {
    const auto node = std::ranges::find(graph.nodes, layer, &nn::Node::name);
    require(node != graph.nodes.end() && node->kind == "ReLU", "relu_threshold: ", model.spec.name,
            " has no ReLU '", layer, "'");
    node->attributes.set("threshold", nn::decimal(threshold));
  }
  const std::vector<std::string> named = model_names();
  if (std::ranges::find(named, graph.name) != named.end()) graph.name += "-thresholded";
  Model changed = {.spec = model.spec,
                   .data = model.data,
                   .mean = model.mean,
                   .deviation = model.deviation,
                   .epoch = model.epoch,
                   .epochs = model.epochs,
                   .class_names = model.class_names,
                   .fit = model.fit};
  changed.spec.name = graph.name;
  {
    const UninitialisedWeights not_yet;
    changed.net = nn::Net(graph);
  }
  changed.net.to(model.net.device());
  changed.net.load_state(model.net.state());
  changed.net.train(model.net.training());
  return changed;
}

std::optional<std::vector<ThresholdedModel>> threshold_relus(Model& model, const Dataset& images,
                                                             std::span<const double> most_lost,
                                                             const ThresholdHooks& hooks) {
  for (const double lost : most_lost) {
    require(lost >= 0, "relu_threshold: what may be lost must not be negative, got ", lost);
  }
  require(images.size() > 0, "relu_threshold: there are no images to choose by");
  Thresholds choice(model, images);
  Judge judge(hooks, choice.measurements() + 1 + kHalvings * std::ssize(most_lost));
  const auto before = judge(model, images);
  if (!before) return std::nullopt;
  const Dataset first = images.take(std::min(kMeasuredImages, images.size()));
  if (!choice.measure(model, first, judge)) return std::nullopt;
  std::vector<ThresholdedModel> found;
  for (const double lost : most_lost) {
    auto best = within(model, images, choice, *before, lost, judge);
    if (!best) return std::nullopt;
    found.push_back(std::move(*best));
  }
  return found;
}

Dataset held_back(const std::string& folder, const Model& model) {
  const auto config = config_of(folder);
  require(config.has_value(), "held back: ", folder,
          " is not the folder of a run, which would say ", "which images it held back");
  require(config->validation > 0, "held back: the run in ", folder,
          " held no images back (validation is 0)");
  Dataset train = model.load_data(config->data).train;
  if (config->limit > 0) train = train.take(config->limit);
  return hold_back(train, config->validation, config->seed).validation;
}

}  // namespace joule::training
