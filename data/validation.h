// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/data/dataset.h"

namespace joule {

/// Training images, and those that were held back: what is chosen is chosen by these, so that the
/// test images, by which nothing is chosen, say how good the choice is.
struct ValidationSplit {
  Dataset train, validation;
};

/// Holds `share` of the images back, of every class alike: round(share * N) in all, of a class of n
/// images share * n rounded down or up (up where the fraction is largest, then by label), but never
/// its last one.  Which ones is a pure function of labels, share and seed.  Both parts keep the
/// order, and share the pixels of `images`.
///
/// With share 0 nothing is held back: `validation` has no images.
///
/// Cost      12 bytes per image.
/// Errors    ArgumentError as Dataset::check(), if share is not in [0, 1), or if it is not 0 and no
///           image could be held back.
ValidationSplit hold_back(const Dataset& images, double share, std::uint64_t seed);

}  // namespace joule
