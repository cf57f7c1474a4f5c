// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/report/figures.h"
#include "joule/training/config.h"
#include "joule/training/run/summary.h"

namespace joule::report {

/// A meter of a run, and its reading while nothing ran.
struct RunMeter {
  energy::MeterInfo info;
  energy::Figure<energy::Watts> idle_power;
  std::string beside{};  // why it is not in the run's energy; empty if it is
};

/// A training run in its present state.
struct TrainingRun {
  training::Config config;
  training::RunEnergy energy;                   // of the epochs that are complete
  const training::RunResult* result = nullptr;  // once it is finished
  std::vector<RunMeter> meters;  // of this process: an earlier part of the run had its own
  std::vector<energy::MeterInfo> sources;  // of this machine
  Pairs environment;
};

/// A run as a page (see report/page.h): accuracy against the energy spent, losses, accuracies and
/// non-zero activations by epoch, energy by epoch and its predictions, power over time, every
/// epoch, options and environment.  One chart shows accuracy against measured energy, one against
/// modelled energy: the accuracy of the validation images with its front, or without them that of
/// the test images.
///
/// Its JSON has `config`, `epochs` (the lines of metrics.jsonl), `energy` (that of summary.json),
/// and `environment`.
///
/// For a run of more than training::kMostPoints epochs, the page and its JSON have only so many
/// points, some of which stand for several epochs (see training/run/history.h), and the page says
/// so.
std::string to_html(const TrainingRun& run);

}  // namespace joule::report
