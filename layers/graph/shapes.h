// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "joule/core/shape.h"
#include "joule/layers/graph/kinds.h"

namespace joule::nn {

/// The output shape of a node of this kind for inputs of these shapes, with the batch first: by the
/// kind's rule if it has one, otherwise by running a new module.
///
/// Errors    ArgumentError as the rule or the module throws it.
Shape output_shape(const Kind& kind, const Attributes& attributes, std::span<const Shape> inputs);

/// The same by running this module, in evaluation mode and without gradients; afterwards its modes
/// are what they were.
Shape output_shape(Module& module, std::span<const Shape> inputs);

}  // namespace joule::nn
