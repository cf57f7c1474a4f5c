// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace joule::study {

/// A cell of Table 1 of the paper: standard training, then the point of its sweep that it chose.
/// The ratios are simulated: E_opt / E_worst on the accelerator model; no joules were measured.
///
/// Source    Lazzaro et al. 2023, arXiv:2307.00368, Table 1.
struct EatPaperCell {
  std::string_view data, model;
  double standard_accuracy, eat_accuracy;  // fractions, to two digits
  double standard_ratio, eat_ratio;
  double decrease;  // of the ratio, in %
};

/// Null if the paper has no such cell.
const EatPaperCell* eat_paper_cell(std::string_view data, std::string_view model);

}  // namespace joule::study
