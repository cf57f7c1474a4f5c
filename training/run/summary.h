// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "joule/energy/ledger.h"
#include "joule/training/energy/run_energy.h"
#include "joule/training/evaluate.h"

namespace joule::training {

/// The results of a training run.
struct RunResult {
  Evaluation evaluation;                 // of the test images, by the final net
  std::map<Phase, energy::Totals> work;  // of all training steps
  std::int64_t parameters = 0;
  double seconds = 0;    // of all training steps
  std::string launches;  // Trainer::launches(); not in summary.json, as it decides no figure there
  RunEnergy energy;
  std::string environment{};  // as RunAccounting's
};

/// The sum over the layers of an evaluation.
energy::Totals total_work(const Evaluation& evaluation);
LayerDensity all_relus(const Evaluation& evaluation);

/// summary.json.  The keys are in docs/cli.md.
std::string to_json(const RunResult& result);

}  // namespace joule::training
