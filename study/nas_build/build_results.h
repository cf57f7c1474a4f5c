// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/study/nas_build/build_config.h"
#include "joule/study/results/over.h"
#include "joule/study/trial.h"

// What the trainings of a space come to.
namespace joule::study {

/// The trainings of one cell with one budget; values are over the seeds.
struct BuiltCell {
  std::size_t cell = 0;  // of BuildResults::cells
  std::int64_t epochs = 0;
  std::int64_t complete = 0, failed = 0;
  std::vector<std::string> errors{};  // of those that failed
  std::vector<Over> values{};

  const Over* find(std::string_view value, Quality quality) const {
    return study::find(values, value, quality);
  }
};

/// Of one budget: the cells that no other beats in the means of accuracy on the images held back
/// and energy, from the most frugal on.  Numbers are of BuildResults::built.
struct BuildFront {
  std::int64_t epochs = 0;
  std::vector<std::size_t> built{};
  /// Pairs that the intervals over the seeds do not tell apart.
  std::vector<std::pair<std::size_t, std::size_t>> unseparated{};
  std::optional<std::size_t> knee{};
};

struct BuildResults {
  BuildConfig config;
  std::vector<nas::NamedCell> cells;
  std::vector<BuiltCell> built;  // budget after budget, each with all cells
  /// Of the training energy: measured where all trials have it, else modelled.
  Quality energy = Quality::modelled;
  std::vector<BuildFront> fronts;  // by budget; of cells with all seeds
  bool finished = false;
};

/// Errors    ArgumentError if a trial's point is none of the study's.
BuildResults build_results(const BuildConfig& config, const std::vector<Trial>& trials);

}  // namespace joule::study
