// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/search/statistics/anova.h"
#include "joule/search/statistics/mean.h"
#include "joule/search/statistics/rank_tests.h"
#include "joule/study/layers/layers_config.h"

// The effects of the factors of the study of layers on a number.
namespace joule::study {

/// A number for every net of the factorial and every draw: y[net][draw], nets as in nets_of().
struct LayersTable {
  std::vector<LayersNet> nets;
  std::vector<std::vector<double>> y;
};

/// From the lowest level of a factor to its highest, averaged over the other factors' levels.
struct FactorEffect {
  std::string factor;    // linear | conv | ReLU
  std::string from, to;  // the levels
  double layers = 0;     // how many more layers that is; for ReLUs, averaged over the nets
  /// Over the draws, in pairs: the same hyper-parameters at both levels.
  search::Difference difference;
  search::Mean per_layer;               // difference / layers
  std::optional<search::Mean> percent;  // of each draw's mean at the lowest level; empty if a 0
  /// Over all levels of the factor, with all nets and draws; empty if all values are equal.
  std::optional<search::KruskalWallis> ranks;
};

/// The same from the highest level to the lowest: what leaving out the layers saves.
struct FactorSaving {
  std::string from, to;
  search::Difference difference;
  std::optional<search::Mean> percent;
};

/// All factors that have two levels.
///
/// Errors    ArgumentError if the nets differ in their number of draws, there is no draw, or a
///           combination of levels is missing.
std::vector<FactorEffect> factor_effects(const LayersTable& table);
/// Empty if the factor has one level.
std::optional<FactorSaving> factor_saving(const LayersTable& table, const std::string& factor);

/// The analysis of variance of the factorial, with each draw as a replicate; empty if all values
/// are equal.  It ignores that the draws are paired, so their effect is in the residual.
std::optional<search::Anova> factorial_anova(const LayersTable& table);

}  // namespace joule::study
