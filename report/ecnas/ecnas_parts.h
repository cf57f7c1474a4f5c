// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/report/ecnas/ecnas_document.h"

// The parts of ecnas_document(); private to this folder.
namespace joule::report {

/// A point of a run: the extreme of an objective, the largest bend, or the knee.
enum class EcnasMark { least_energy, best_accuracy, bend, knee };
std::string_view name(EcnasMark mark);
/// The evaluation of a run at the mark; null if there is none, or no such objective.
const nas::SearchEvaluation* ecnas_mark(const nas::Comparison& comparison,
                                        const nas::Method& method, std::size_t run, EcnasMark mark);

Table ecnas_methods_table(const EcnasResults& results);
/// Extrema and knees, as means over the runs, compared with the paper's table 1.
Table ecnas_landmarks_table(const EcnasResults& results);
/// What the knee saves, and what it costs in accuracy.
Table ecnas_savings_table(const EcnasResults& results);
Table ecnas_swaps_table(const EcnasResults& results);

std::vector<Picture<LineChart>> ecnas_charts(const EcnasResults& results);
Picture<RadarChart> ecnas_radar(const EcnasResults& results);
std::vector<Picture<HeatMap>> ecnas_heat_maps(const EcnasResults& results);

/// Whether the paper's two objectives are present: some results are specific to them.
bool ecnas_has_accuracy_and_energy(const EcnasResults& results);

}  // namespace joule::report
