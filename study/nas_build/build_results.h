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

// The results of training a space.
namespace joule::study {

/// The trainings of one cell with one budget; values are over the seeds.
struct BuiltCell {
  std::size_t cell = 0;  // index into BuildResults::cells
  std::int64_t epochs = 0;
  std::int64_t complete = 0, failed = 0;
  std::vector<std::string> errors{};  // of the failed trials
  std::vector<Over> values{};

  const Over* find(std::string_view value, Quality quality) const {
    return study::find(values, value, quality);
  }
};

/// For one budget: the cells not dominated in the means of accuracy on the held-back images and
/// energy, the most frugal first.  Numbers are indices into BuildResults::built.
struct BuildFront {
  std::int64_t epochs = 0;
  std::vector<std::size_t> built{};
  /// Pairs that the intervals over the seeds do not separate.
  std::vector<std::pair<std::size_t, std::size_t>> unseparated{};
  std::optional<std::size_t> knee{};
};

struct BuildResults {
  BuildConfig config;
  std::vector<nas::NamedCell> cells;
  std::vector<BuiltCell> built;  // budget after budget, each with all cells
  /// Of the training energy: measured if all trials have it, else modelled.
  Quality energy = Quality::modelled;
  std::vector<BuildFront> fronts;  // by budget; of cells with all seeds
  bool finished = false;
};

/// Errors    ArgumentError if a trial's point is not of the study.
BuildResults build_results(const BuildConfig& config, const std::vector<Trial>& trials);

}  // namespace joule::study
