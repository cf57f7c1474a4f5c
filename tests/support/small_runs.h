// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/data/synthetic.h"
#include "joule/training/config.h"

// Runs that take milliseconds.
namespace joule::test {

/// A step an epoch, on two images.
inline training::Config tiny_config(std::int64_t epochs) {
  return {.model = "lenet5",
          .data = "synthetic",
          .limit = 2,
          .validation = 0,
          .epochs = epochs,
          .batch = 2,
          .lr = 1e-3,
          .schedule = "constant",
          .threads = 1};
}

/// 4 steps an epoch with batches of 16.
inline DataSplit small_data() {
  return make_synthetic({.train = 56, .test = 20, .classes = 4, .size = 12});
}

}  // namespace joule::test
