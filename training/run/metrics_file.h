// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "joule/training/run/metrics.h"

// metrics.jsonl: the history of a run, to which each epoch adds its line before the checkpoint that
// covers it is written.  So a kill, at any moment, leaves all the lines that the checkpoint covers,
// and perhaps more behind them, the last of them torn.
namespace joule::training {

/// Adds the line of one epoch, and returns when it is on the disk.
///
/// Errors    DataError if it cannot be written; then there is no part of it.
void append_metrics(const std::string& path, const EpochMetrics& epoch);

/// Calls take() with each of the first `epochs` lines; `device` as parse_jsonl().  Memory is that
/// of one line.
///
/// Returns   where the next line begins, in bytes.
/// Errors    DataError that names the file and the line: missing, not what append_metrics() writes,
///           not that of the epoch that should be there, or with counts whose sum over the epochs
///           has no place in 64 bits.
std::int64_t read_metrics(const std::string& path, std::int64_t epochs,
                          const std::function<void(EpochMetrics)>& take,
                          Device device = Device::cpu);

/// Removes what is behind the first `bytes`.  A file that is not there is as good as an empty one.
///
/// Errors    DataError if it cannot be written.
void cut_metrics(const std::string& path, std::int64_t bytes);

/// Whole lines, whatever is in them; 0 if there is no such file.
std::int64_t count_lines(const std::string& path);

}  // namespace joule::training
