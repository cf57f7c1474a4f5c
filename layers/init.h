// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/random.h"
#include "joule/core/tensor.h"

namespace joule {

/// How the weights of a layer are initialised.  gain^2 = 2 (He, for ReLU) or 1 (Xavier).
enum class Init {
  he_normal,       // N(0, 2 / fan_in)
  he_normal_out,   // N(0, 2 / fan_out)
  he_uniform,      // U(-a, a), a = sqrt(6 / fan_in)
  xavier_normal,   // N(0, 2 / (fan_in + fan_out))
  xavier_uniform,  // U(-a, a), a = sqrt(6 / (fan_in + fan_out))
};

/// New weights of `shape` [out, ..., in]: fan_in is the product of all extents but the first,
/// fan_out that of all but the last.
///
/// Source    He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010.
Tensor initialise(Init init, const Shape& shape, Generator& generator = default_generator());

}  // namespace joule
