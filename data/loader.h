// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "joule/core/tensor.h"
#include "joule/data/dataset.h"
#include "joule/data/transform.h"

namespace joule {

/// Images and their labels, as a net takes them.
struct Batch {
  Tensor images;  // f32 [n, H, W, C], normalised
  Tensor labels;  // i32 [n]
};

struct LoaderOptions {
  std::int64_t batch = 128;
  bool shuffle = true;
  std::uint64_t seed = 1;
  bool drop_last = false;             // leave out the last batch of an epoch if it is smaller
  std::vector<Transform> transforms;  // in this order, before normalisation
  int prefetch = 2;                   // batches that are made ahead of the one in use
  /// Threads that make them; 0: made when asked for; empty: one, or where images are read from
  /// files one for each two processors, up to 8, which then make at least as many batches ahead.
  std::optional<int> workers{};
};

/// The batches of one epoch, in a range-for:
///
///   for (int epoch = 0; epoch < epochs; ++epoch) {
///     loader.set_epoch(epoch);
///     for (const Batch& batch : loader) ...
///   }
///
/// The batches are a pure function of dataset, options (prefetch and workers excepted), epoch and
/// first batch: the same bits however many threads make them.
///
/// Cost      while iterating, prefetch + 1 batches of memory, which go back to the pool; images
/// that
///           are not in memory are read, decoded and resized by the threads that make the batches.
/// Errors    ArgumentError as Dataset::check(), for batch < 1, prefetch < 1, workers < 0, or if
///           drop_last leaves no batch.  What a transform or a source of images throws comes out of
///           the loop at the batch concerned.
class DataLoader {
 public:
  explicit DataLoader(Dataset dataset, LoaderOptions options = {});

  const Dataset& dataset() const { return dataset_; }
  /// Per epoch.
  std::int64_t batches() const;
  std::int64_t epoch() const { return epoch_; }

  /// Which epoch the next loop goes through, and from which of its batches on (to resume).
  /// Errors    ArgumentError if epoch < 0, or first_batch is not in [0, batches()].
  void set_epoch(std::int64_t epoch, std::int64_t first_batch = 0);

  /// The given images of the dataset as one batch, transformed and normalised.
  Batch make_batch(std::span<const std::int64_t> images) const;

  /// One pass.  Its destruction, also in the midst of the epoch, ends the threads.
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(const DataLoader& loader);
    Iterator(Iterator&&) noexcept;
    Iterator& operator=(Iterator&&) noexcept;
    ~Iterator();

    const Batch& operator*() const { return batch_; }
    const Batch* operator->() const { return &batch_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !batch_.images.defined(); }

   private:
    class Pass;
    std::unique_ptr<Pass> pass_;
    Batch batch_;
  };

  /// Starts a pass; the loader must outlive it and not be changed meanwhile.
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  Dataset dataset_;
  LoaderOptions options_;
  std::int64_t epoch_ = 0;
  std::int64_t first_batch_ = 0;
};

}  // namespace joule
