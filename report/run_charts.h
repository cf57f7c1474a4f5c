// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "joule/report/page.h"
#include "joule/report/run_page.h"
#include "joule/training/energy/energy_prediction.h"
#include "joule/training/energy/run_energy.h"

// The charts of a run's page.  Its epochs must not be empty.
namespace joule::report {

/// Energies of the epochs, all of one kind.
struct Spending {
  std::string what;    // "measured, gross"
  std::string source;  // see training::MergedEpochs
  training::EpochFigures epochs;
};
Spending measured_spending(const TrainingRun& run);
Spending modelled_spending(const TrainingRun& run);
/// Measured if all epochs were measured, else modelled.
Spending spending(const TrainingRun& run);

energy::Joules sum_of(const training::EpochFigures& figures);

/// "8"; "5–8" for a point that stands for several epochs.
std::string label(const training::EpochMetrics& epoch);

/// The percentage of the ReLUs' outputs that are not 0; 0 if there are none.
double density(const training::EpochMetrics& epoch);

/// Accuracy over energy with its front: one chart per quality, since a front has only one.
std::vector<LineChart> accuracy_charts(const TrainingRun& run);
/// Losses, accuracies and, if the net has ReLUs, non-zero activations by epoch.
std::vector<LineChart> learning_charts(const TrainingRun& run);
/// Measured (unless no epoch was measured) and modelled.
std::vector<BarChart> energy_charts(const TrainingRun& run);
LineChart prediction_chart(std::span<const training::Prediction> predictions, const Spending& spent,
                           const TrainingRun& run);
/// A line for each meter's training steps, tests and validations; no lines if no window has a
/// power.
LineChart power_chart(const TrainingRun& run);

}  // namespace joule::report
