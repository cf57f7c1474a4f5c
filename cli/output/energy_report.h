// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/models/models.h"
#include "joule/training/energy/energy_estimate.h"

namespace joule::cli {

/// What `joule energy --model` found out.
struct EnergyReport {
  ModelSpec spec;
  std::string source;                  // of the constants of the profile asked for
  std::string data;                    // the data set; empty if the ReLUs are synthetic
  std::optional<double> relu_density;  // of synthetic ReLUs
  std::uint64_t seed = 0;
  std::int64_t images = 0, batches = 0, batch = 0;
  std::optional<int> threshold_bits;                // of an accelerator model
  std::vector<double> ratios;                       // of its batches
  std::vector<training::LayerCounts> counts;        // sums over the batches
  std::vector<training::EnergyEstimate> estimates;  // the profile asked for; beside it zero-skip
};

void print(const EnergyReport& report);
std::string to_json(const EnergyReport& report);

}  // namespace joule::cli
