// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/search/statistics/anova.h"
#include "joule/search/statistics/mean.h"
#include "joule/search/statistics/rank_tests.h"
#include "joule/study/layers/layers_config.h"

// What the factors of the study of layers do to a number.
namespace joule::study {

/// A number of every net of the factorial with every draw: y[net][draw], nets as in nets_of().
struct LayersTable {
  std::vector<LayersNet> nets;
  std::vector<std::vector<double>> y;
};

/// From the lowest level of a factor to its highest, in the mean over the other factors' levels.
struct FactorEffect {
  std::string factor;    // linear | conv | ReLU
  std::string from, to;  // the levels
  double layers = 0;     // how many more layers that is: of ReLUs in the mean of the nets
  /// Of the draws, in pairs: the same hyper-parameters with both levels.
  search::Difference difference;
  search::Mean per_layer;               // difference / layers
  std::optional<search::Mean> percent;  // of each draw's mean at the lowest level; none where a 0
  /// Of all levels of the factor, of all nets and draws; none if all values are equal.
  std::optional<search::KruskalWallis> ranks;
};

/// The same from the highest level to the lowest: what it saves to leave the layers out.
struct FactorSaving {
  std::string from, to;
  search::Difference difference;
  std::optional<search::Mean> percent;
};

/// All factors that have two levels.
///
/// Errors    ArgumentError if a net has other many draws than the first, there is no draw or not
///           every combination of levels.
std::vector<FactorEffect> factor_effects(const LayersTable& table);
/// None if the factor has one level.
std::optional<FactorSaving> factor_saving(const LayersTable& table, const std::string& factor);

/// The analysis of variance of the factorial, each draw a replicate; none if all values are equal.
/// That the draws are paired is left out of account, so that what they do is in the residual.
std::optional<search::Anova> factorial_anova(const LayersTable& table);

}  // namespace joule::study
