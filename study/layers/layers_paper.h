// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

#include "joule/study/layers/layers_config.h"

namespace joule::study {

/// A cell of the paper's factorial: 24 repetitions, joules above idle of one GTX 1080.
///
/// Source    arXiv:2303.13972 and its replication package.
struct LayersPaperCell {
  std::string_view data;
  std::int64_t linear, conv;
  bool relu;
  double joules;
  double accuracy, best_accuracy;  // %, mean and largest of the repetitions
};

/// The paper's effects of its factors on a data set.
struct LayersPaperEffects {
  std::string_view data;
  struct Factor {
    double percent;      // change of the mean energy from the lower level to the higher
    double eta_squared;  // of Kruskal and Wallis
  };
  Factor linear, conv, relu;
  double joules_per_linear, joules_per_conv;
  double halved_energy, halved_accuracy;  // four convolutions to one: %, points
};

/// Null if the paper has no such cell.
const LayersPaperCell* layers_paper_cell(std::string_view data, const LayersNet& net);
/// Null if the paper has no such data set.
const LayersPaperEffects* layers_paper_effects(std::string_view data);

}  // namespace joule::study
