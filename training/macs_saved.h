// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "joule/core/shape.h"
#include "joule/layers/module.h"

namespace joule::training {

/// For every layer, by its full name: the MACs of one image that would be saved if all its outputs
/// were zero.
///
///   saved(v) = sum over the layers r that read v of
///                macs(r)                                      r is a convolution, a linear layer
///                saved(r) numel(v) / numel(all that r reads)  zeros pass through r: ReLU, pools,
///                                                             Flatten, Dropout, Concat, ...
///                0                                            they do not: Add, norms, Sigmoid,
///                ...
///
/// A pool counts as if zeros always came in whole windows; see ReadZeros in layers/graph/kinds.h.
///
/// image is [H,W,C].
///
/// Cost      one forward pass of one image, in evaluation mode, which counts the MACs whose tap
///           falls inside the image, within groups.
/// Errors    ArgumentError as graph_of(), or for a layer of a kind whose treatment of zeros is
///           unknown (layer, kind).
std::map<std::string, double, std::less<>> macs_saved(nn::Module& net, const Shape& image);

}  // namespace joule::training
