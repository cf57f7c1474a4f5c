// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "joule/training/run/summary.h"

// The JSON values that the files of a run consist of.  The keys are in docs/cli.md.
namespace joule::training {

/// summary.json.
nlohmann::ordered_json json_of(const RunResult& result);
/// What `joule eval --json` prints: accuracy, loss, confusion matrix, densities, work and energy.
nlohmann::ordered_json json_of(const Evaluation& evaluation);
/// The `energy` of summary.json.
nlohmann::ordered_json json_of(const RunEnergy& run);
/// A line of metrics.jsonl.
nlohmann::ordered_json json_of(const EpochMetrics& epoch);
/// The `best_epoch` and `accuracy_over_energy` of summary.json, with one front per quality.
nlohmann::ordered_json choice_json(std::span<const EpochMetrics> epochs);

}  // namespace joule::training
