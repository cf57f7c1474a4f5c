// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/shape.h"
#include "joule/data/dataset.h"

namespace joule {

/// Options of make_synthetic().
struct SyntheticOptions {
  std::int64_t train = 2000, test = 500;  // images
  std::int64_t classes = 10;
  Size2 size = 28;
  std::int64_t channels = 1;
  float noise = 0.1f;  // standard deviation, as a fraction of the range from black to white
  std::uint64_t seed = 1;
};

/// Images whose class is the orientation of a grating: small nets learn it in seconds.
///
///   pixel = 1/2 + 0.4 cos(2 pi (x cos a + y sin a) / wavelength + phase + 2 pi c / channels) +
///   noise
///
/// with a = pi class / classes, wavelength = max(4, smaller side / 2), phase uniform in
/// [-pi/4, pi/4), x and y from the centre.  Classes alternate.  The same options give the same
/// images.
///
/// Errors    ArgumentError if a count or an extent is less than 1, classes < 2, or noise < 0.
DataSplit make_synthetic(const SyntheticOptions& options = {});

}  // namespace joule
