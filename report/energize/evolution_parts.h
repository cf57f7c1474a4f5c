// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/report/document.h"
#include "joule/study/evolve/energize_results.h"

// What the pages of one evolution and of several share.
namespace joule::report {

/// The name of the variant if there is only one.
std::string variant_name(const std::string& variant);

/// How power is known: "W, measured", "W, sampled", "uJ per image, modelled".
std::string power_label(const study::EvolveResults& run);

/// Fitness, accuracies, power, MACs executed and the archive over the generations: per variant the
/// median of its runs, with quartiles as bars if there are several.
std::vector<Picture<LineChart>> evolution_charts(const study::EnergizeResults& results);
/// For the mutants of each kind, the fraction that was valid and the fraction that became parents.
Picture<BarChart> mutation_chart(const study::EnergizeResults& results);

/// The final nets of a run, whole and short.
Table finals_table(const study::EvolveResults& run);
/// Runs, generations, candidates, invalid ones, epochs, seconds.
Table runs_table(const study::EnergizeResults& results);
/// The deployed net of each variant: medians and quartiles over the seeds.
Table deployed_table(const study::EnergizeResults& results);
/// The least joules per image at equal accuracy, per variant.
Table at_accuracy_table(const study::EnergizeResults& results);
/// Mann-Whitney tests with effect sizes.
Table tests_table(const study::EnergizeResults& results);
/// What the paper says, and what differs.
Table energize_paper_table();

/// The deployed net as a picture.
Picture<GraphPicture> net_picture(const study::EvolveResults& run, const std::string& file);

/// How it was obtained: the configuration, the data, the source of the power, the machine.
std::vector<std::string> how_items(const study::EvolveResults& run);

}  // namespace joule::report
