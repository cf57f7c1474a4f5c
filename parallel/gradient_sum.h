// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "joule/core/autograd/leaf_gradients.h"
#include "joule/core/state.h"
#include "joule/parallel/communicator.h"

namespace joule::parallel {

/// Sums the gradients of all slices of a batch, each of which a rank runs by itself; in buckets,
/// each of which is on its way as soon as the gradients in it are complete, while backward() goes
/// on with the rest.
///
/// A rank has the same number of slices as each other.  With Order::tree the sum over all slices,
/// which follow on each other from rank to rank, is
///   ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)),
/// however many ranks there are: the number of slices and that of ranks are powers of two.
///
/// Cost      memory for the gradients once more, and with n slices a rank for up to log2(n) sums of
///           them; per step and rank the parameters' bytes go out once (Order::tree: log2(ranks)
///           times).
/// Numerics  float32.
class GradientSum {
 public:
  /// A bucket that holds so many is full: the next parameter begins another.
  static constexpr std::int64_t kBucketBytes = 1 << 20;

  /// `averaged` are tensors that each slice changes, such as running statistics: they become the
  /// mean over the slices, each with its weight.
  ///
  /// Errors    ArgumentError if a tensor is not f32 on the CPU.
  GradientSum(Communicator& ranks, std::vector<NamedTensor> parameters,
              std::vector<NamedTensor> averaged, Order order,
              std::int64_t bucket_bytes = kBucketBytes);

  /// Calls run(i) for each of this rank's slices, which must leave the slice's part of the
  /// gradients in the parameters, by one backward().  Then each parameter has the gradient of the
  /// whole batch; one that got none in any slice has none.
  ///
  /// Errors    those of run() and of the communicator; ArgumentError if there is no slice, or their
  ///           number is not a power of two with Order::tree.
  void sum(std::span<const float> weights, const std::function<void(std::size_t)>& run);

  std::size_t buckets() const { return buckets_.size(); }

 private:
  struct Place {
    Tensor tensor;
    std::size_t begin, bucket;
    bool arrived = false;  // in the last slice
    bool any = false;      // in any slice
  };
  struct Bucket {
    std::size_t begin, end;
    std::size_t places = 0, missing = 0;
  };
  using Values = std::vector<float>;

  void put(Place& place, const Tensor& values, float weight);
  void take_slice(float weight);
  void carry(std::size_t slice);
  void run_last(std::size_t slice, float weight, const std::function<void(std::size_t)>& run);
  void start_full_buckets();
  void start(const Bucket& bucket);

  Communicator& ranks_;
  Order order_;
  std::vector<Place> gradients_, averaged_;
  std::vector<Bucket> buckets_;  // in the order in which they start
  std::size_t started_ = 0;
  Tensor sum_;                   // of all buckets, one behind the other
  std::vector<Values> carried_;  // sums of slices: each of as many as all behind it, or more
};

}  // namespace joule::parallel
