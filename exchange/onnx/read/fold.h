// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "joule/exchange/onnx/read/node.h"

namespace joule::exchange {

/// The constant that a node computes from constants, or from the shape of its input; none if that
/// depends on what the net reads.
///
/// Errors    ArgumentError: an operator that is not folded, shapes or types that do not fit,
///           arithmetic on the size of the batch, more than kMostElements.
std::optional<Constant> folded(const OnnxNode& node);

}  // namespace joule::exchange
