// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/study/storage/bulk_insert.h"

// Trials as rows of the tables.
namespace joule::study {

/// The trials with a number in [from, below), by number, with values and reports.
std::vector<Trial> read_trials(soci::session& sql, const Location& location, const Study& study,
                               std::int64_t from, std::int64_t below);

/// The epoch under which trial_reports stores the cost of proposing the trial.
inline constexpr std::int64_t kProposalEpoch = 0;

/// Adds values of trials, or of one of their epochs (from 1, or kProposalEpoch), in bulk.  The
/// trials must be there.
class ValueRows {
 public:
  explicit ValueRows(soci::session& sql);
  void add(std::int64_t study, std::int64_t trial, std::optional<std::int64_t> epoch,
           const std::vector<Value>& values);
  /// Inserts what is left.
  void finish();

 private:
  BulkInsert own_, reports_;
};

/// The same of one trial, at once.
void write_values(soci::session& sql, std::int64_t study, std::int64_t trial,
                  std::optional<std::int64_t> epoch, const std::vector<Value>& values);

/// A text that both databases accept: UTF-8, without zero bytes.
std::string storable(const std::string& text);

}  // namespace joule::study
