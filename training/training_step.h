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

/// The forward and backward pass of a training step, on CUDA as a graph if the configuration lets
/// it: see CapturedStep.  Of a net of several outputs, logits [N,K] each, the loss is the sum of
/// their cross-entropies; what they share runs once, forward and backward.
class TrainingStep {
 public:
  /// A ReLU's mask, by which it is seen whether it is silent.
  struct ReluMask {
    std::string_view layer;
    std::shared_ptr<const ZeroMask> mask;
  };
  /// On the device of the net, until the next step.
  struct Output {
    Tensor logits;                  // of the first output
    Tensor cross_entropy, penalty;  // penalty: undefined without one
    Tensor loss;                    // undefined after the backward pass
    std::vector<ReluMask> masks;
  };

  /// Config and net must outlive this; the net is where it is to be trained, on images [H,W,C].
  TrainingStep(const Config& config, nn::Net& net, const Shape& image);

  /// Leaves the gradients in the net's parameters, which must have none.
  ///
  /// Errors    ArgumentError if there is to be a graph (config.graph is "on") and cannot be.
  Output run(const Batch& batch, double lambda);
  /// The net is another one from now on.
  void start_anew();
  /// "458 of 469 steps were replays of a CUDA graph", or why none; empty on the CPU.
  std::string launches() const;

 private:
  /// What a captured step reads, where it lies each time.
  struct Captured {
    Captured(Device device, std::vector<NamedTensor> parameters)
        : step(device, std::move(parameters)) {}
    CapturedStep<Output> step;
    Batch batch{};
    bool penalised = false;
  };
  Output forward(const Batch& batch, double lambda) const;
  Output forward_and_backward(const Batch& batch, double lambda) const;
  Tensor penalty_of(const std::vector<Tap>& taps, double lambda) const;
  std::vector<double> savings_of(const std::vector<Tap>& taps) const;

  const Config& config_;
  nn::Net& net_;
  std::map<std::string, double, std::less<>> saved_;  // macs_saved(), where the penalty goes by it
  std::optional<Captured> captured_;                  // where steps are to be captured
  Tensor lambda_now_;  // on a device that is not the CPU: of this step
  std::int64_t steps_ = 0;
};

}  // namespace joule::training
