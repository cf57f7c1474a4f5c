// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/report/layers/layers_document.h"

// The parts of layers_document(); private to this folder.
namespace joule::report {

Table factorial_table(const study::LayersResults& results);
Table dense_table(const study::LayersResults& results);
/// Of costs; of accuracy.
Table cost_effects_table(const study::LayersResults& results);
Table accuracy_effects_table(const study::LayersResults& results);
Table anova_table(const study::LayersResults& results);
/// Four convolutions to one.
std::vector<std::string> halved_lines(const study::LayersResults& results);
Table two_ways_table(const study::LayersResults& results);
Table along_table(const study::LayersResults& results);
Table layers_front_table(const study::LayersResults& results);
Table draws_table(const study::LayersResults& results);

/// One for each cost.
std::vector<Picture<BarChart>> cost_charts(const study::LayersResults& results);
Picture<BarChart> effects_chart(const study::LayersResults& results);
/// One for energy, one for time; none where nothing is known of the layers.
std::vector<Picture<BarChart>> layer_kind_charts(const study::LayersResults& results);
Picture<LineChart> layers_front_chart(const study::LayersResults& results);

}  // namespace joule::report
