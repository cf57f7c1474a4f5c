// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/shape.h"
#include "joule/training/config.h"

namespace joule::bench {

struct LoadingOptions {
  training::Config config;  // only data, model, batch, seed, device and execution are used
  std::vector<std::int64_t> workers = {1, 2};  // threads of the loader, measured in turn
  std::int64_t batches = 8;                    // measured each time, after an unmeasured one
};

/// Images per second: of the loader alone, of training steps alone, and of both together as in
/// training.
struct LoadingReport {
  struct Alone {
    std::int64_t workers;
    double images_per_second;
  };
  Shape image;
  std::vector<Alone> loader;
  double steps = 0;     // with the batch in memory
  double training = 0;  // with the loader preparing batches, with its default number of threads
};

/// Measures whether reading, decoding and resizing images delays training.  No image is kept in
/// memory, so each is decoded every time.
///
/// Errors    as load_data() and make_model(); ArgumentError for fewer than one batch or negative
///           workers, or if there are fewer training images than a
///           batch.
LoadingReport bench_loading(const LoadingOptions& options);

}  // namespace joule::bench
