// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/random.h"
#include "joule/kernels/dropout/dropout.h"

namespace joule::reference {

template <class T>
void dropout(std::int64_t n, const T* x, float probability, const RandomState& random, int skip,
             T* y) {
  const T scale = dropout_scale(static_cast<T>(probability));
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t j = skip + i;
    const auto words = philox(random.seed, random.next + static_cast<std::uint64_t>(j / 4));
    y[i] = to_uniform(words[static_cast<std::size_t>(j % 4)]) >= probability ? x[i] * scale : T(0);
  }
}

}  // namespace joule::reference
