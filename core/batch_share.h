// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace joule {

/// Takes the numbers of one share of a batch; returns those of all shares, one behind the other, in
/// the order of the shares.  Each share must call it with equally many numbers, at the same place.
using GatherNumbers = std::function<std::vector<double>(std::span<const double>)>;

/// Which images of a batch this thread's operations run on, where several processes share the
/// batch, or one runs it in slices.  What draws random numbers draws those of the same images of
/// the whole batch; batch_norm() in training normalises by the whole batch if there is `gather`.
struct BatchShare {
  std::int64_t first = 0;  // of the batch's images
  std::int64_t count = 0;
  std::int64_t all = 0;    // the images of the batch; 0: it is not shared
  GatherNumbers gather{};  // empty: each share by its own statistics
};

/// This thread's; not shared unless there is a SharedBatch.
const BatchShare& batch_share();

/// Until the end of the block, this thread runs on that share.
class SharedBatch {
 public:
  explicit SharedBatch(BatchShare share);
  ~SharedBatch();
  SharedBatch(const SharedBatch&) = delete;
  SharedBatch& operator=(const SharedBatch&) = delete;

 private:
  BatchShare outer_;
};

}  // namespace joule
