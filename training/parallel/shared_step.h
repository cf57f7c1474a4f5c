// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/data/loader.h"
#include "joule/parallel/communicator.h"
#include "joule/parallel/gradient_sum.h"
#include "joule/training/training_step.h"

namespace joule::training {

/// What training steps computed: sums over their images.
struct Sums {
  double loss = 0, penalty = 0;
  std::int64_t images = 0, correct = 0;
  double seconds = 0;

  /// The steps behind these; of their ReLUs it keeps nothing.
  Sums& operator+=(const Sums& o);
};
/// Of one step.
struct StepSums : Sums {
  std::int64_t relu_outputs = 0;                                      // of all ReLUs
  std::vector<std::pair<std::string_view, std::int64_t>> nonzeros{};  // per ReLU
};

/// How a batch is divided: into slices of (nearly) equal size, of which each rank runs the same
/// number, one after another, those of rank 0 first.
struct Division {
  std::int64_t slices = 1, per_rank = 1;
  parallel::Order order = parallel::Order::any;

  bool divided() const { return slices > 1; }
};
/// As the configuration says: its `slices`, or else a slice a rank.
///
/// Errors    ArgumentError if that cannot be: slices that the ranks do not divide, or that are not
/// a
///           power of two; `deterministic` for several ranks without slices; sync_batch_norm with
///           more slices than ranks; a device other than the CPU.
Division division_of(const Config& config, const parallel::Communicator& ranks);

/// TrainingStep on a batch that several ranks share, or one runs in slices, or, without either, on
/// a batch as it is.
///
/// Batch normalisation takes the statistics of its slice, and the running statistics become the
/// mean over the slices; with sync_batch_norm it takes those of the whole batch.  Dropout draws for
/// the whole batch.  So a step with `slices` computes the same however many ranks there are.
class SharedStep {
 public:
  /// All must outlive this; as TrainingStep.  Errors: as division_of().
  SharedStep(const Config& config, nn::Net& net, const Shape& image, parallel::Communicator& ranks);

  /// The rank's shard of each batch.
  Shard shard() const { return {.index = ranks_.rank(), .of = ranks_.size()}; }

  /// `batch` is this rank's shard of a batch of `images`.  Leaves the gradients of the whole batch
  /// in the net's parameters, which must have none before.  Returns the outputs of each slice.
  ///
  /// Errors    as TrainingStep and the communicator.
  std::vector<TrainingStep::Output> run(const Batch& batch, std::int64_t images, double lambda);
  /// The sums over all slices of all ranks, in their order: the same bits on each rank.  Waits for
  /// the device.
  StepSums read(const std::vector<TrainingStep::Output>& slices, const Tensor& labels);

  /// Errors    ArgumentError if a batch of so many cannot be divided.
  void require_images(std::int64_t images) const;

  void start_anew() { step_.start_anew(); }
  std::string launches() const { return step_.launches(); }

 private:
  /// Slice `i` of this rank's, as a shard of the batch.
  Shard slice(std::size_t i) const;
  StepSums over_all(const std::vector<StepSums>& mine) const;

  const Config& config_;
  parallel::Communicator& ranks_;
  Division division_;
  TrainingStep step_;
  std::optional<parallel::GradientSum> sum_;  // none if the batch is not divided
};

}  // namespace joule::training
