// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "joule/nas/import/run.h"
#include "joule/nas/table/table.h"

namespace joule::nas {

/// Adds the records of a file of another program; its contents determine the format:
///   TFRecord   EC-NAS's and NAS-Bench-101's tables: per record a JSON array of the hash, the
///              budget, the matrix as digits, the operations, and a protobuf message in Base64
///   JSON lines {"hash", "repeat", "adjacency", "ops", "trainable_parameters", "total_time_s",
///              "total_energy_kwh", "gpu_w", "cpu_w", "evaluations": [{"epochs", ..}, ..]}
///   results    EC-NAS's <hash>/repeat_<n>/results.json; of a folder, all that are below it
/// each plain or gzipped.  A record of a TFRecord file without a repeat is the next one of its cell
/// and budget.
///
/// Returns   the number of records added.
/// Cost      400 000 records of EC-NAS in about half a minute, most of it fingerprints.
/// Errors    DataError (path, record or line, what is wrong): as TfRecordReader; a Git LFS pointer
///           in place of the data (says how to get them); a hash that is not the cell's; malformed
///           JSON or message; what Table::add() refuses.
std::size_t import_file(const std::string& path, EnergyKind kind, Table& table);

// For one format each; see import_file().
std::size_t import_tfrecord(const std::string& path, EnergyKind kind, Table& table);
std::size_t import_json_lines(const std::string& path, EnergyKind kind, Table& table);
std::size_t import_results(const std::string& path, EnergyKind kind, Table& table);

/// The name of a file, with which the origins of its numbers begin.
std::string source_name(const std::string& path);

}  // namespace joule::nas
