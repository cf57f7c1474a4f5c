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

/// The part `index` of `of` equal parts, to one; of n images those from n*index/of to
/// n*(index+1)/of, rounded down.
struct Shard {
  std::int64_t index = 0, of = 1;

  std::int64_t first(std::int64_t n) const { return n * index / of; }
  std::int64_t end(std::int64_t n) const { return n * (index + 1) / of; }
  std::int64_t count(std::int64_t n) const { return end(n) - first(n); }
};

struct LoaderOptions {
  std::int64_t batch = 128;
  bool shuffle = true;
  std::uint64_t seed = 1;
  bool drop_last = false;             // drop the last batch of an epoch if it is smaller
  std::vector<Transform> transforms;  // applied in this order, before normalisation
  Shard shard{};                      // of each batch: for processes that train together
  int prefetch = 2;                   // batches prepared ahead of the one in use
  /// Threads that prepare batches.  0: prepared on demand.  Empty: one; or for image files one per
  /// two processors, up to 8, which then prepare at least as many batches ahead.
  std::optional<int> workers{};
};

/// The batches of one epoch, in a range-for:
///
///   for (int epoch = 0; epoch < epochs; ++epoch) {
///     loader.set_epoch(epoch);
///     for (const Batch& batch : loader) ...
///   }
///
/// The batches are a pure function of dataset, options (except prefetch and workers), epoch and
/// first batch: the same bits for any number of threads.
///
/// Cost      while iterating, memory for prefetch + 1 batches, which returns to the pool.  The
///           threads that prepare batches also read, decode and resize images that are not in
///           memory.
/// Errors    ArgumentError as Dataset::check(), for batch < 1, prefetch < 1, workers < 0, if
///           drop_last leaves no batch, or a batch has fewer images than there are shards.  What a
///           transform or a source of images throws is rethrown by the loop, at the batch that
///           failed.
class DataLoader {
 public:
  explicit DataLoader(Dataset dataset, LoaderOptions options = {});

  const Dataset& dataset() const { return dataset_; }
  /// Per epoch.
  std::int64_t batches() const;
  /// In a batch, of all shards.
  std::int64_t images_in(std::int64_t batch) const;
  std::int64_t epoch() const { return epoch_; }

  /// The epoch of the next loop, and its first batch (to resume).
  /// Errors    ArgumentError if epoch < 0, or first_batch is not in [0, batches()].
  void set_epoch(std::int64_t epoch, std::int64_t first_batch = 0);

  /// The given images of the dataset as one batch, transformed and normalised.
  Batch make_batch(std::span<const std::int64_t> images) const;

  /// One pass.  The destructor stops the threads, also in the middle of an epoch.
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

  /// Starts a pass; the loader must outlive it and must not change meanwhile.
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  Dataset dataset_;
  LoaderOptions options_;
  std::int64_t epoch_ = 0;
  std::int64_t first_batch_ = 0;
};

}  // namespace joule
