// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/shape.h"
#include "joule/training/config.h"

namespace joule::bench {

struct LoadingOptions {
  training::Config config;  // of which data, model, batch, seed, device and what executes count
  std::vector<std::int64_t> workers = {1, 2};  // threads of the loader, one after the other
  std::int64_t batches = 8;                    // that are measured each time, after one that is not
};

/// Images per second: of the loader alone, of training steps alone, and of both at once as training
/// has them.
struct LoadingReport {
  struct Alone {
    std::int64_t workers;
    double images_per_second;
  };
  Shape image;
  std::vector<Alone> loader;
  double steps = 0;  // the batch is in memory
  double training =
      0;  // the loader makes the batches meanwhile, with as many threads as it chooses
};

/// Whether reading, decoding and resizing images holds training up.  No image is kept in memory, so
/// that each is decoded again.
///
/// Errors    as load_data() and make_model(); ArgumentError for fewer than one batch or less than
/// no
///           workers, or if the training images are fewer than a batch.
LoadingReport bench_loading(const LoadingOptions& options);

}  // namespace joule::bench
