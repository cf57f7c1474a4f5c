// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/core/backend/captured_step.h"
#include "joule/data/loader.h"
#include "joule/layers/graph/net.h"
#include "joule/training/config.h"

namespace joule::training {

/// The forward and backward pass of a training step, on CUDA as a graph if the configuration allows
/// it: see CapturedStep.  For a net of several outputs with logits [N,K] each, the loss is the sum
/// of their cross-entropies; what they share runs once, forward and backward.
class TrainingStep {
 public:
  /// A ReLU's mask, which shows whether the ReLU is silent.
  struct ReluMask {
    std::string_view layer;
    std::shared_ptr<const ZeroMask> mask;
  };
  /// On the net's device; valid until the next step.
  struct Output {
    Tensor logits;                  // of the first output
    Tensor cross_entropy, penalty;  // penalty: undefined without one
    Tensor loss;                    // undefined after the backward pass
    std::vector<ReluMask> masks;
  };

  /// Config and net must outlive this; the net is on its training device, for images [H,W,C].
  TrainingStep(const Config& config, nn::Net& net, const Shape& image);

  /// Leaves the gradients of `weight` times the loss in the net's parameters, which must have no
  /// gradients before.
  ///
  /// Errors    ArgumentError if a graph is required (config.graph is "on") but impossible; for
  ///           another weight than 1 on a device other than the CPU.
  Output run(const Batch& batch, double lambda, float weight = 1);
  /// Call this when the net was replaced by another one.
  void start_anew();
  /// "458 of 469 steps were replays of a CUDA graph", or why there were none; empty on the CPU.
  std::string launches() const;

 private:
  /// What a captured step reads, at the same addresses each time.
  struct Captured {
    Captured(Device device, std::vector<NamedTensor> parameters)
        : step(device, std::move(parameters)) {}
    CapturedStep<Output> step;
    Batch batch{};
    bool penalised = false;
  };
  Output forward(const Batch& batch, double lambda) const;
  Output forward_and_backward(const Batch& batch, double lambda, float weight) const;
  Tensor penalty_of(const std::vector<Tap>& taps, double lambda) const;
  std::vector<double> savings_of(const std::vector<Tap>& taps) const;

  const Config& config_;
  nn::Net& net_;
  std::map<std::string, double, std::less<>> saved_;  // macs_saved(), if the penalty uses it
  std::optional<Captured> captured_;                  // if steps are to be captured
  Tensor lambda_now_;  // for this step, on a device other than the CPU
  std::int64_t steps_ = 0;
};

}  // namespace joule::training
