// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "core/state.h"

namespace joule {

/// Writes the tensors (f32 as F32, i32 as I32) and the values (as `__metadata__`) to a safetensors
/// file: 8 bytes little-endian length of the header, the JSON header padded with spaces to a
/// multiple of 8 bytes, the tensors in the order of their names without gaps.  Atomically: see
/// AtomicFile.
///
/// The same state gives the same bytes.  Tensors are written in the layout they have: see
/// data/layout.h for what leaves Joule.
///
/// Errors    ArgumentError for an undefined or f64 tensor, a tensor named "__metadata__", or text
///           that is not UTF-8 (nothing is written); DataError as AtomicFile.
/// Source    github.com/huggingface/safetensors, "Format".
void save_safetensors(const std::string& path, const State& state);

/// Reads a safetensors file.  Everything is checked before a tensor is allocated, and nothing is
/// allocated by the file's own claim.
///
/// Errors    DataError (path and what is wrong): a header that is longer than the file or is not
///           what it should be, a duplicate name, a dtype other than F32 and I32, more than 4
///           dimensions, offsets that do not fit shape, file or each other (gaps, overlaps, bytes
///           after the last tensor).
State load_safetensors(const std::string& path);

}  // namespace joule
