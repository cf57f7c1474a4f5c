// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "joule/nas/table/table.h"

namespace joule::nas {

/// The total cost of the trainings of one budget, in one quality; sums never mix qualities.
struct Total {
  std::int64_t epochs = 0;
  std::string name{}, unit{};  // "training time", "energy" or "co2eq", at the end
  Quality quality = Quality::measured;
  std::size_t points = 0;
  double sum = 0;
};

/// A summary of a table.
struct TableInfo {
  std::size_t points = 0, models = 0;
  std::map<int, std::size_t> vertices{};          // models with so many
  std::map<CellOp, std::size_t> operations{};     // models with that operation
  int edges = 0;                                  // at most
  std::map<std::int64_t, std::size_t> budgets{};  // points with so many epochs
  std::vector<Total> totals{};
};

/// Cost      visits every point.
TableInfo info_of(const Table& table);

}  // namespace joule::nas
