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

// The results of the study of layers.
namespace joule::study {

/// The trials of one net; values are over the draws.
struct LayersCell {
  LayersNet net;
  std::int64_t complete = 0, failed = 0, waiting = 0;
  std::vector<std::string> errors;  // of the failed trials
  std::vector<Over> values;

  const Over* find(std::string_view value, Quality quality) const {
    return study::find(values, value, quality);
  }
};

/// A number of one quality by which nets are compared.
struct LayersMeasure {
  std::string value;  // its name in the trials
  Quality quality = Quality::unavailable;
  std::string unit, label;  // "training energy, modelled (horowitz45)"
};

/// The effects of the factors on a measure.
struct MeasureEffects {
  LayersMeasure measure;
  std::vector<FactorEffect> factors;
  std::optional<search::Anova> anova;
  std::optional<FactorSaving> halved;  // from the most convolutions to the fewest
};

/// How much more the layers of a kind ("conv", "linear") cost at one level of a factor than at the
/// other.
struct LayerKindDifference {
  std::string kind;
  search::Mean difference;
};

/// Two estimates of the joules or seconds per layer: from the factorial, by the difference of whole
/// nets, and from the accounts of the layers.
struct TwoWays {
  std::string factor;
  LayersMeasure measure;  // of whole nets
  double layers = 0;
  search::Mean factorial;             // per layer
  search::Mean own;                   // per layer: of the factor's own layers
  std::optional<search::Mean> ratio;  // factorial / own, by draw; empty unless that is above 0
  /// Per layer: of the other kinds of layers, which change too; and what no layer accounts for.
  std::vector<LayerKindDifference> along;
  search::Mean rest;
};

/// A net on the front, with its difference from the next cheaper one.
struct LayersStep {
  std::size_t cell = 0;
  double cost = 0, accuracy = 0;  // means; of the primary measure, and in %
  std::optional<double> more_cost, more_accuracy;
};

struct LayersResults {
  LayersConfig config;
  std::vector<LayersCell> cells;    // as nets_of(): the factorial first
  std::vector<std::int64_t> draws;  // those that all nets of the factorial have; effects use them
  /// Energies (first those of a meter, then modelled) and times, of the whole factorial.
  std::vector<LayersMeasure> costs;
  std::vector<MeasureEffects> effects;  // of each cost, then of the test accuracy
  std::vector<TwoWays> two_ways;
  /// Of the nets with all draws, those not dominated in mean accuracy (on the images used for
  /// choices) and costs.front(); cheapest first.
  std::vector<LayersStep> front;
  /// Pairs of the front's cells that the intervals over the draws do not separate.
  std::vector<std::pair<std::size_t, std::size_t>> unseparated;
  bool finished = false;

  std::size_t factorial() const;  // the number of cells in it
};

/// Errors    ArgumentError if a trial's point is not of the study, or a value has two units.
LayersResults layers_results(const LayersConfig& config, const std::vector<Trial>& trials);

/// The name of the accuracy used for choices; and of that on the test images.
std::string deciding_accuracy(const LayersConfig& config);
std::string test_accuracy();

/// "conv" of "conv1".
std::string layer_kind(std::string_view layer);
/// The total of the layers of each kind, by draw, in the order of the net.
std::vector<Over> by_layer_kind(const LayersCell& cell, std::string_view prefix, Quality quality);

/// The test accuracy of the draw that is best on the images used for choices; empty if no trial is
/// complete.
struct BestDraw {
  std::int64_t draw = 0;
  double test_accuracy = 0;
};
std::optional<BestDraw> best_draw(const LayersConfig& config, const LayersCell& cell);

}  // namespace joule::study
