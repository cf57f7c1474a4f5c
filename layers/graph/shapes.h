// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "joule/core/shape.h"
#include "joule/layers/graph/kinds.h"

namespace joule::nn {

/// The shape of what a node of that kind makes of inputs of those shapes, with the batch in front:
/// by the kind's rule, or else by running a fresh module.
///
/// Errors    ArgumentError as the rule, or as the module.
Shape output_shape(const Kind& kind, const Attributes& attributes, std::span<const Shape> inputs);

/// The same by running this module, in evaluation mode and without gradients; its modes are those
/// from before afterwards.
Shape output_shape(Module& module, std::span<const Shape> inputs);

}  // namespace joule::nn
