// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "joule/core/error.h"
#include "joule/nas/cell/cell.h"
#include "joule/nas/cell/fingerprint.h"
#include "joule/nas/table/value.h"

namespace joule::nas {

/// A cell or budget that a table does not contain; the message says why.
struct OutOfDomain : ArgumentError {
  using ArgumentError::ArgumentError;
};

/// One training of a cell for a budget.
struct Record {
  Cell cell;
  std::int64_t epochs = 0;  // the budget
  std::int64_t repeat = 1;  // its index among several trainings
  std::vector<Value> values{};
  /// fingerprint(cell), if the caller already has it.
  std::optional<Fingerprint> fingerprint{};
};

/// Which of a cell's records answer a query.
struct QueryOptions {
  bool stop_halfway = false;  // use the values and the cost at the middle checkpoint
  /// The training that answers; empty: the mean of all trainings.
  std::optional<std::int64_t> repeat{};
};

}  // namespace joule::nas
