// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>

#include "joule/core/tuning.h"

// The file in which `joule tune` stores its measurements, one section per machine:
//   {"format": "joule tuning", "version": 1, "machines": [{"cpu": ..., "simd": ..., "joule": ...,
//    "onednn": ..., "entries": [{"op": ..., "device": ..., "threads": ..., "sizes": [...],
//    "densities": [...], "rows": [{"name": ..., "dense_ms": ..., "sparse_ms": [[...]]}]}]}]}
namespace joule {

/// The path of the table: $JOULE_TUNING, otherwise tuning.json in $XDG_CACHE_HOME/joule or in
/// ~/.cache/joule.  Empty if JOULE_TUNING is "off", or neither folder exists.
std::string tuning_path();

struct LoadedTuning {
  std::shared_ptr<const TuningTable> table;  // what was measured on this machine; never null
  std::size_t others = 0;                    // of other machines and versions
};

/// Errors    DataError (path and what is wrong) if the file cannot be read, is longer than 64 MiB,
///           is not of the form above and this version, or an entry fails TuningEntry::check().
LoadedTuning load_tuning(const std::string& path, const TuningMachine& machine);

/// The contents of the file at `path` with `entries` of `machine` added; they replace entries of
/// the same operation, device, threads and sizes.  A file that is missing or cannot be loaded
/// counts as empty.
///
/// Errors    ArgumentError as TuningEntry::check().
std::string merge_tuning(const std::string& path, const TuningMachine& machine,
                         std::span<const TuningEntry> entries);

}  // namespace joule
