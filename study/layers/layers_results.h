// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/study/layers/layers_config.h"
#include "joule/study/layers/layers_effects.h"
#include "joule/study/results/over.h"
#include "joule/study/trial.h"

// What the trials of the study of layers come to.
namespace joule::study {

/// The trials of one net; values are over the draws.
struct LayersCell {
  LayersNet net;
  std::int64_t complete = 0, failed = 0, waiting = 0;
  std::vector<std::string> errors;  // of those that failed
  std::vector<Over> values;

  const Over* find(std::string_view value, Quality quality) const {
    return study::find(values, value, quality);
  }
};

/// A number by which nets are compared, of one quality.
struct LayersMeasure {
  std::string value;  // its name in the trials
  Quality quality = Quality::unavailable;
  std::string unit, label;  // "training energy, modelled (horowitz45)"
};

/// What the factors do to a measure.
struct MeasureEffects {
  LayersMeasure measure;
  std::vector<FactorEffect> factors;
  std::optional<search::Anova> anova;
  std::optional<FactorSaving> halved;  // the most convolutions to the fewest
};

/// What the layers of a kind ("conv", "linear") take in the one level of a factor more than in the
/// other.
struct LayerKindDifference {
  std::string kind;
  search::Mean difference;
};

/// Two ways to the same joules, or seconds, per layer: what the factorial says, where whole nets
/// differ, and what the account of the layers says.
struct TwoWays {
  std::string factor;
  LayersMeasure measure;  // of whole nets
  double layers = 0;
  search::Mean factorial;             // per layer
  search::Mean own;                   // per layer: of the factor's own layers
  std::optional<search::Mean> ratio;  // factorial / own, by draw; none where that is not above 0
  /// Per layer: of the other kinds of layers, which change along; what no layer accounts for.
  std::vector<LayerKindDifference> along;
  search::Mean rest;
};

/// A net on the front, after the next cheaper one.
struct LayersStep {
  std::size_t cell = 0;
  double cost = 0, accuracy = 0;  // means; of the primary measure, and in %
  std::optional<double> more_cost, more_accuracy;
};

struct LayersResults {
  LayersConfig config;
  std::vector<LayersCell> cells;    // as nets_of(): the factorial first
  std::vector<std::int64_t> draws;  // that all nets of the factorial have: effects are of them
  /// Energies (those that a meter gave first, then modelled) and times, of the whole factorial.
  std::vector<LayersMeasure> costs;
  std::vector<MeasureEffects> effects;  // of each cost, then of the test accuracy
  std::vector<TwoWays> two_ways;
  /// Of the nets with all draws those that no other beats in the means of accuracy, on the images
  /// by which is chosen, and costs.front(); from the cheapest on.
  std::vector<LayersStep> front;
  /// Pairs of the front's cells that the intervals over the draws do not tell apart.
  std::vector<std::pair<std::size_t, std::size_t>> unseparated;
  bool finished = false;

  std::size_t factorial() const;  // how many of the cells
};

/// Errors    ArgumentError if a trial's point is none of the study's, or one value has two units.
LayersResults layers_results(const LayersConfig& config, const std::vector<Trial>& trials);

/// The name of the accuracy by which is chosen; of that on the test images.
std::string deciding_accuracy(const LayersConfig& config);
std::string test_accuracy();

/// "conv" of "conv1".
std::string layer_kind(std::string_view layer);
/// What the layers of each kind took together, by draw, in the order of the net.
std::vector<Over> by_layer_kind(const LayersCell& cell, std::string_view prefix, Quality quality);

/// The test accuracy of the draw that is the best on the images by which is chosen; none if no
/// trial is complete.
struct BestDraw {
  std::int64_t draw = 0;
  double test_accuracy = 0;
};
std::optional<BestDraw> best_draw(const LayersConfig& config, const LayersCell& cell);

}  // namespace joule::study
