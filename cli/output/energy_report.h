// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/models/models.h"
#include "joule/training/energy/energy_estimate.h"

namespace joule::cli {

/// The results of `joule energy --model`.
struct EnergyReport {
  ModelSpec spec;
  std::string source;                  // of the constants of the requested profile
  std::string data;                    // the data set; empty if the ReLUs are synthetic
  std::optional<double> relu_density;  // of synthetic ReLUs
  std::uint64_t seed = 0;
  std::int64_t images = 0, batches = 0, batch = 0;
  std::optional<int> threshold_bits;                // of an accelerator model
  std::vector<double> ratios;                       // of its batches
  std::vector<training::LayerCounts> counts;        // sums over the batches
  std::vector<training::EnergyEstimate> estimates;  // by the requested profile, then by zero-skip
};

void print(const EnergyReport& report);
std::string to_json(const EnergyReport& report);

}  // namespace joule::cli
