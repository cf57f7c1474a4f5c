// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "joule/core/state.h"
#include "joule/io/layout.h"

// Safetensors files.  In memory, weights are always in Joule's layout; a file states its own layout
// in its metadata: "joule.layout" is "ohwi" or "oihw", and for oihw "joule.flattened" is a JSON
// object of the layers that read a flattened image, {"fc1": [H, W, C]}.
namespace joule {

struct SaveOptions {
  WeightLayout layout = WeightLayout::ohwi;  // the layout of the file
  /// The layers that read a flattened image, {} if none does; needed for oihw if there are linear
  /// layers.
  std::optional<FlattenedInputs> flattened{};
};

/// Writes the tensors (f32 as F32, i32 as I32) and the values (as `__metadata__`, with the layout
/// added), atomically: see AtomicFile.  The same state gives the same bytes.
///
/// Errors    ArgumentError for an undefined or f64 tensor, a tensor named "__metadata__", values
///           that state a layout, text that is not UTF-8, linear layers that may read a flattened
///           image in oihw without `flattened`, or `flattened` layers that do not fit (nothing is
///           written then); DataError as AtomicFile.
void save_safetensors(const std::string& path, const State& state, const SaveOptions& options = {});

/// What the caller knows about a file that does not state it.
struct LoadOptions {
  std::optional<WeightLayout> layout{};
  std::optional<FlattenedInputs> flattened{};
};

/// Reads a safetensors file into Joule's layout, f32 and i32.  F16 and BF16 are widened, exactly;
/// PyTorch's counters `num_batches_tracked` (I64) are dropped.  The values are the metadata
/// without the layout.  For a file of PyTorch:
///   net.load_state(load_safetensors(path, {.layout = WeightLayout::oihw,
///                                          .flattened = nn::flattened_inputs(net, {28, 28, 1})}));
///
/// A file that states no layout has that of `options`; a model.safetensors from a Joule that did
/// not state it is oihw.
///
/// Cost      checks everything before it allocates a tensor, and allocates nothing on the file's
///           word alone.
/// Errors    DataError (path and what is wrong): a header longer than the file, or malformed; a
///           duplicate name; an unsupported dtype; more than 4 dimensions; offsets that do not fit
///           the shape, the file or each other (gaps, overlaps, bytes after the last tensor); a
///           layout that neither the file nor `options` states although a tensor could be in
///           either, or that both state differently.
State load_safetensors(const std::string& path, const LoadOptions& options = {});

}  // namespace joule
