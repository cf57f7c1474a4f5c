// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

// The figures of arXiv:2210.06015.
namespace joule::report {

/// A row of its table 1: the mean over ten runs on the 7V table with budgets up to 108 epochs.
struct EcnasPaperRow {
  std::string_view method;    // as it is called here
  std::string_view landmark;  // "least energy", "best accuracy", "knee"
  double seconds = 0, accuracy = 0, kwh = 0;
  double log_parameters = 0;  // its column says |theta| (M); by the sizes of its nets it is log10
};
std::span<const EcnasPaperRow> ecnas_paper_rows();

/// Its heat maps: the mean change when the first operation (by the number of nas::CellOp) is
/// replaced by the second.
struct EcnasPaperSwap {
  std::size_t from = 0, to = 0;
  double energy = 0, seconds = 0, parameters = 0;  // %
  double accuracy = 0;                             // absolute
};
std::span<const EcnasPaperSwap> ecnas_paper_swaps();

}  // namespace joule::report
