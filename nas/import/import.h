// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "joule/nas/import/run.h"
#include "joule/nas/table/table.h"

namespace joule::nas {

/// Adds the records of a file that somebody else's program wrote, told by what is in it:
///   TFRecord   EC-NAS's and NAS-Bench-101's tables: per record a JSON array of the hash, the
///              budget, the matrix as digits, the operations, and a protobuf message in Base64
///   JSON lines {"hash", "repeat", "adjacency", "ops", "trainable_parameters", "total_time_s",
///              "total_energy_kwh", "gpu_w", "cpu_w", "evaluations": [{"epochs", ..}, ..]}
///   results    EC-NAS's <hash>/repeat_<n>/results.json; of a folder, all that are below it
/// each as it is or gzipped.  A record of a TFRecord file that has no repeat is the next one of its
/// cell and budget.
///
/// Returns   how many records were added.
/// Cost      400 000 records of EC-NAS in about half a minute, most of it fingerprints.
/// Errors    DataError (path, record or line, what is wrong): as TfRecordReader; a Git LFS pointer
///           in the place of the data (and how to get them); a hash that is not the cell's; JSON or
///           a message that is not of that form; what Table::add() refuses.
std::size_t import_file(const std::string& path, EnergyKind kind, Table& table);

// Of one format each; see import_file().
std::size_t import_tfrecord(const std::string& path, EnergyKind kind, Table& table);
std::size_t import_json_lines(const std::string& path, EnergyKind kind, Table& table);
std::size_t import_results(const std::string& path, EnergyKind kind, Table& table);

/// The name of a file, which the origins of its numbers begin with.
std::string source_name(const std::string& path);

}  // namespace joule::nas
