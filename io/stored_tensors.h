// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "joule/core/tensor.h"
#include "joule/io/safetensors.h"

namespace joule {

/// The contents of a safetensors file, in the file's layout.  Deliberately not a State, so that
/// they cannot be loaded into a net before the layout is known.
struct StoredTensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Writes f32 tensors as F32, i32 as I32, the metadata as `__metadata__`: the length of the header
/// as 8 bytes little-endian, the JSON header padded with spaces to a multiple of 8 bytes, then the
/// tensors in the order of their names without gaps.  The same contents give the same bytes.
///
/// Errors    as save_safetensors().
/// Source    github.com/huggingface/safetensors, "Format".
void write_stored_tensors(const std::string& path, const StoredTensors& stored);

/// The value of a binary16, exactly.  Source: IEEE 754-2008, binary16.
float float_of_f16(std::uint16_t bits);
/// The same for the upper half of a float32.
float float_of_bf16(std::uint16_t bits);

/// Errors    as load_safetensors(), except those about layouts.
StoredTensors read_stored_tensors(const std::string& path);

/// What the file at `path` states about its layout.
/// Errors    DataError if the layout is neither of the two, or malformed.
LoadOptions stated_layout(const std::string& path, const StoredTensors& stored);

/// The second part of load_safetensors().
State state_of(const std::string& path, StoredTensors stored, const LoadOptions& options);

}  // namespace joule
