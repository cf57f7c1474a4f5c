// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "joule/nas/search/comparison.h"
#include "joule/nas/search/op_swaps.h"
#include "joule/report/document.h"

namespace joule::report {

/// Searches among cells, and where they searched.
struct EcnasResults {
  nas::Comparison comparison;
  std::string title;         // "Searches in the table 5v.db"
  std::string where;         // what was searched, in a sentence
  std::string where_energy;  // how the joules were obtained: "measured (file)"
  std::vector<std::int64_t> budgets;
  int vertices = 7;
  std::int64_t cells = 0;        // of the table; 0: trainings were run
  std::int64_t evaluations = 0;  // per search, as requested
  /// The contents of a table: the objectives of each cell and budget.
  std::vector<std::vector<double>> everything{};
  std::vector<nas::SwapTable> swaps{};
  std::int64_t swap_epochs = 0;
  std::string machine, joule;
};

/// The results of the searches: volumes over evaluations and joules, attainment surfaces, knees and
/// extrema compared with the paper's, and the effects of replacing one operation by another.
Document ecnas_document(const EcnasResults& results);

/// results.json: the same as numbers; individual evaluations are in the study's storage.
nlohmann::ordered_json ecnas_json(const EcnasResults& results);

}  // namespace joule::report
