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

/// A cell or a budget that a table does not hold; the message says why.
struct OutOfDomain : ArgumentError {
  using ArgumentError::ArgumentError;
};

/// One training of a cell for a budget.
struct Record {
  Cell cell;
  std::int64_t epochs = 0;  // the budget
  std::int64_t repeat = 1;  // which of several trainings
  std::vector<Value> values{};
  /// fingerprint(cell), where the caller has it already.
  std::optional<Fingerprint> fingerprint{};
};

/// Which of a cell's records answer.
struct QueryOptions {
  bool stop_halfway = false;  // what the checkpoint in between had, and cost
  /// The number of the training that answers; without it the mean of all of them does.
  std::optional<std::int64_t> repeat{};
};

}  // namespace joule::nas
