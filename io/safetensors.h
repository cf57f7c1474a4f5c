// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "joule/core/state.h"
#include "joule/io/layout.h"

// Safetensors files.  In memory weights are always in Joule's layout; a file states in its metadata
// the one that it is in: "joule.layout" is "ohwi" or "oihw", and for oihw "joule.flattened" is a
// JSON object of the layers that read a flattened image, {"fc1": [H, W, C]}.
namespace joule {

struct SaveOptions {
  WeightLayout layout = WeightLayout::ohwi;  // what the file will be in
  /// The layers that read a flattened image, {} if none does; of oihw, once there are linear
  /// layers.
  std::optional<FlattenedInputs> flattened{};
};

/// Writes the tensors (f32 as F32, i32 as I32) and the values (as `__metadata__`, with the layout
/// added).  Atomically: see AtomicFile.  The same state gives the same bytes.
///
/// Errors    ArgumentError for an undefined or f64 tensor, a tensor named "__metadata__", values
/// that
///           state a layout, text that is not UTF-8, linear layers of which oihw cannot tell
///           whether they read a flattened image, `flattened` layers that do not fit (nothing is
///           written); DataError as AtomicFile.
void save_safetensors(const std::string& path, const State& state, const SaveOptions& options = {});

/// What the caller knows of a file that does not state it itself.
struct LoadOptions {
  std::optional<WeightLayout> layout{};
  std::optional<FlattenedInputs> flattened{};
};

/// Reads a safetensors file into Joule's layout, f32 and i32: F16 and BF16 are widened, exactly,
/// and PyTorch's counters `num_batches_tracked` (I64) are left out.  The values are the metadata
/// but for the layout.  A file of PyTorch's:
///   net.load_state(load_safetensors(path, {.layout = WeightLayout::oihw,
///                                          .flattened = nn::flattened_inputs(net, {28, 28, 1})}));
///
/// A file that states no layout is in the one of `options`; a model.safetensors of a Joule that did
/// not state it is in oihw.
///
/// Cost      everything is checked before a tensor is allocated, and nothing is allocated by the
///           file's own claim.
/// Errors    DataError (path and what is wrong): a header that is longer than the file or is not
///           what it should be, a duplicate name, another dtype, more than 4 dimensions, offsets
///           that do not fit shape, file or each other (gaps, overlaps, bytes after the last
///           tensor); a layout that is stated neither by the file nor by `options` where a tensor
///           could be in either, or by both differently.
State load_safetensors(const std::string& path, const LoadOptions& options = {});

}  // namespace joule
