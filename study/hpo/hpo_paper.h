// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace joule::study {

/// The result of a strategy in the paper: the best accuracy, and the round that reached it.
struct HpoPaperCell {
  std::string_view data, model, strategy;
  std::size_t dimensions;  // 5 or 3
  double accuracy;         // of the test images, a fraction
  int round;
  /// Joules until within a point of its own best, for all trainings of the rounds: derived
  /// from the raw data for this table, not stated in the paper.
  std::optional<double> joules_until_close{};
};

/// `strategy` by Joule's name: random, grid, or any Gaussian process, of which the paper had only
/// one (gp-pi-paper).  Null if the paper has no such cell.
///
/// Source    Yarally et al. 2023, arXiv:2303.13972, and its replication package.
const HpoPaperCell* hpo_paper_cell(std::string_view data, std::string_view model,
                                   std::string_view strategy, std::size_t dimensions);

}  // namespace joule::study
