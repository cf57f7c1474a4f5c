// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "joule/training/run/metrics.h"

// metrics.jsonl: the history of a run.  Each epoch appends its line before the checkpoint that
// covers it is written.  So a kill at any moment leaves all lines that the checkpoint covers, and
// perhaps more behind them, of which the last may be torn.
namespace joule::training {

/// Appends the line of one epoch; returns when it is on the disk.
///
/// Errors    DataError if it cannot be written; then no part of it remains.
void append_metrics(const std::string& path, const EpochMetrics& epoch);

/// Calls take() with each of the first `epochs` lines; `device` as for parse_jsonl().  Holds one
/// line in memory at a time.
///
/// Returns   the offset of the next line, in bytes.
/// Errors    DataError that names the file and the line, if it is missing, not as append_metrics()
///           writes it, not of the expected epoch, or has counts whose sum over the epochs does not
///           fit into 64 bits.
std::int64_t read_metrics(const std::string& path, std::int64_t epochs,
                          const std::function<void(EpochMetrics)>& take,
                          Device device = Device::cpu);

/// Removes everything after the first `bytes`.  A missing file counts as empty.
///
/// Errors    DataError if it cannot be written.
void cut_metrics(const std::string& path, std::int64_t bytes);

/// The number of complete lines, whatever they contain; 0 if there is no such file.
std::int64_t count_lines(const std::string& path);

}  // namespace joule::training
