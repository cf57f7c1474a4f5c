// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/tensor.h"

namespace joule {

/// The rows of [..., channels].
inline std::int64_t rows_of(const Tensor& t) { return t.dim(-1) ? t.numel() / t.dim(-1) : 0; }

}  // namespace joule
