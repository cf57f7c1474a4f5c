// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "joule/core/shape.h"
#include "joule/layers/module.h"

namespace joule::nn {

/// The layers that read a flattened image: the image's [H,W,C] by the layer's full name.  Readers
/// and writers of a file in another layout than Joule's need this (as FlattenedInputs), because
/// such a file flattens an image in another order.  Left out are images of one pixel or one
/// channel, whose order is the same.
///
/// `image` is the [H,W,C] of the net's input.
///
/// Cost      one forward pass of one image, in evaluation mode.
/// Errors    ArgumentError if a flattened image is read by a layer with parameters other than
///           Linear and BatchNorm (it is unknown which values its parameters belong to), or meets
///           another branch.
std::map<std::string, Shape> flattened_inputs(Module& net, const Shape& image);

}  // namespace joule::nn
