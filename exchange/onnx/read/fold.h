// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "joule/exchange/onnx/read/node.h"

namespace joule::exchange {

/// The constant that a node computes from constants, or from the shape of its input; empty if it
/// depends on the net's input.
///
/// Errors    ArgumentError: an operator that cannot be folded, shapes or types that do not fit,
///           arithmetic on the batch size, more than kMostElements.
std::optional<Constant> folded(const OnnxNode& node);

}  // namespace joule::exchange
