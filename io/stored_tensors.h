// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "joule/core/tensor.h"
#include "joule/io/safetensors.h"

namespace joule {

/// What a safetensors file holds, in whatever layout it is.  Not a State: nothing takes it for a
/// net's before its layout is known.
struct StoredTensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Writes f32 tensors as F32, i32 as I32, the metadata as `__metadata__`: 8 bytes little-endian
/// length of the header, the JSON header padded with spaces to a multiple of 8 bytes, the tensors
/// in the order of their names without gaps.  The same contents give the same bytes.
///
/// Errors    as save_safetensors().
/// Source    github.com/huggingface/safetensors, "Format".
void write_stored_tensors(const std::string& path, const StoredTensors& stored);

/// The values that 16 bits stand for, exactly.  Source: IEEE 754-2008, binary16.
float float_of_f16(std::uint16_t bits);
/// The same of the upper half of a float32.
float float_of_bf16(std::uint16_t bits);

/// Errors    as load_safetensors(), but for layouts.
StoredTensors read_stored_tensors(const std::string& path);

/// What the file at `path` states of its layout.
/// Errors    DataError if that is neither of the two, or not of the form that it has.
LoadOptions stated_layout(const std::string& path, const StoredTensors& stored);

/// The rest of load_safetensors().
State state_of(const std::string& path, StoredTensors stored, const LoadOptions& options);

}  // namespace joule
