// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/cuda/check.h"

namespace joule::cuda {

/// Copies to the device on a stream of its own, concurrently with `stream`.  Not thread-safe.
class Uploads {
 public:
  explicit Uploads(cudaStream_t stream) : stream_(stream) {}

  /// Queues a copy from pinned memory; pass the result to finish().  The copy begins when the work
  /// that is queued on `stream` now is done, because that work may still use `to`.
  std::int64_t start(void* to, const void* from, std::size_t bytes);
  /// Waits for the copy.
  void finish(std::int64_t copy);

 private:
  struct Copy {
    Event queued, done;
  };
  std::size_t free_copy();

  cudaStream_t stream_;
  Stream beside_;
  std::vector<Copy> copies_;
  std::vector<std::size_t> free_;
};

}  // namespace joule::cuda
