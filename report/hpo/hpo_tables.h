// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/report/document.h"
#include "joule/study/hpo/hpo_results.h"

// The parts of hpo_document(); private to this folder.
namespace joule::report {

/// One row per strategy: the best, and the cost of coming close to it.
Table strategies_table(const study::HpoResults& results);
/// One row per strategy: the cost of coming close to the best of all.
Table best_of_all_table(const study::HpoResults& results);
/// The costs: rounds, proposals, and what pruning saved.
Table spent_table(const study::HpoResults& results);
/// One row per strategy that is also in the paper; empty if none is.
Table hpo_paper_table(const study::HpoResults& results);
/// One row per search: its best point; for the objective front, one row per round on it.
Table best_points_table(const study::HpoResults& results);

/// The best so far over rounds, over joules (where there are any) and over seconds.
std::vector<Picture<LineChart>> best_charts(const study::HpoResults& results);
/// Accuracy over the joules of a training; each complete round is a point.
Picture<LineChart> rounds_chart(const study::HpoResults& results);

/// "1.2 kJ"-like numbers without their unit would lie: "measured J", "modelled J".
std::string joules_unit(study::Quality quality);

}  // namespace joule::report
