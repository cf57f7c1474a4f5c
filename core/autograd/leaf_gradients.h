// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/autograd/autograd.h"

namespace joule {

/// Within backward(): nothing more will be added to the gradient of a leaf, as the last operation
/// that uses it has run.
struct LeafGradientEvent {
  const autograd::Meta* leaf;  // Tensor::meta() of the leaf
  const Tensor& grad;          // of this backward() alone; the leaf has it once backward() returns
};

/// The observers of every backward() of this thread, told of each leaf that gets a gradient.  The
/// order depends on the tape alone.
///
/// Cost      without observers when backward() begins, nothing; else a count per use of a leaf.
Observers<LeafGradientEvent>& leaf_gradient_observers();

}  // namespace joule
