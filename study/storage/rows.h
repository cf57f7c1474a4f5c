// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/study/storage/database.h"

// Trials as rows of the tables.
namespace joule::study {

/// The trials with a number in [from, below), by number, with values and reports.
std::vector<Trial> read_trials(soci::session& sql, const Location& location, const Study& study,
                               std::int64_t from, std::int64_t below);

/// The epoch under which trial_reports stores the cost of proposing the trial.
inline constexpr std::int64_t kProposalEpoch = 0;

/// Adds the values of a trial, or of one of its epochs (from 1, or kProposalEpoch).
void write_values(soci::session& sql, std::int64_t study, std::int64_t trial,
                  std::optional<std::int64_t> epoch, const std::vector<Value>& values);

/// A text that both databases accept: UTF-8, without zero bytes.
std::string storable(const std::string& text);

}  // namespace joule::study
