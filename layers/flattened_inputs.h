// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "joule/core/shape.h"
#include "joule/layers/module.h"

namespace joule::nn {

/// The layers that read a flattened image: of each, by its full name, that image's [H,W,C].  What a
/// file in another layout than Joule's must know, as FlattenedInputs: there the values of such an
/// image are in another order, unless it is one pixel or has one channel; those are left out.
///
/// `image` is [H,W,C] of what the net reads.
///
/// Cost      one forward pass of one image, in evaluation mode.
/// Errors    ArgumentError if a layer with parameters that is neither a Linear nor a BatchNorm
/// reads
///           a flattened image (what its parameters belong to is unknown), or it meets another
///           branch.
std::map<std::string, Shape> flattened_inputs(Module& net, const Shape& image);

}  // namespace joule::nn
