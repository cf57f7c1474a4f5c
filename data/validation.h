// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/data/dataset.h"

namespace joule {

/// Training images, and validation images held back from them.  Choices are made by the validation
/// images only, so that the test images give an unbiased estimate.
struct ValidationSplit {
  Dataset train, validation;
};

/// Holds back `share` of the images, of every class alike: round(share * N) in total; of a class of
/// n images, share * n rounded down or up (up where the fraction is largest, then by label), but
/// never its last image.  Which ones is a pure function of labels, share and seed.  Both parts keep
/// the order and share the pixels of `images`.
///
/// With share 0 nothing is held back: `validation` has no images.
///
/// Cost      12 bytes per image.
/// Errors    ArgumentError as Dataset::check(), if share is not in [0, 1), or if it is not 0 and no
///           image could be held back.
ValidationSplit hold_back(const Dataset& images, double share, std::uint64_t seed);

}  // namespace joule
