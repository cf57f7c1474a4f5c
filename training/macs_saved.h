// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "joule/core/shape.h"
#include "joule/layers/module.h"

namespace joule::training {

/// Of every layer, by its full name: the MACs of one image that are saved where all that it puts
/// out is zero.
///
///   saved(v) = sum over the layers r that read v of
///                macs(r)                                      r is a convolution, a linear layer
///                saved(r) numel(v) / numel(all that r reads)  zeros pass through r: ReLU, pools,
///                                                             Flatten, Dropout, Concat, ...
///                0                                            they do not: Add, norms, Sigmoid,
///                ...
///
/// A pool passes zeros on as if they always came together; see ReadZeros in layers/graph/kinds.h.
///
/// image is [H,W,C].
///
/// Cost      one forward pass of one image, in evaluation mode, that counts the MACs: those whose
///           tap falls inside the image, inside groups.
/// Errors    ArgumentError as graph_of(), or for a layer of a kind of which it is not known what
///           becomes of zeros (layer, kind).
std::map<std::string, double, std::less<>> macs_saved(nn::Module& net, const Shape& image);

}  // namespace joule::training
