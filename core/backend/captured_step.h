// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "joule/core/backend/step_graph.h"
#include "joule/core/error.h"
#include "joule/core/state.h"
#include "joule/core/tensor.h"

namespace joule {

/// A forward and backward pass that is the same each time, captured into a CUDA graph: a small net
/// takes longer to launch, kernel by kernel, than to compute.
///
///   struct Out { Tensor loss; };
///   CapturedStep<Out> step(Device::cuda, net.parameters());
///   for (const Batch& batch : batches) {
///     images.copy_from(batch.images);  // where the step reads them
///     labels.copy_from(batch.labels);
///     const Out& out = step.run([&] {
///       Out out{.loss = cross_entropy(net(images), labels)};
///       out.loss.backward();
///       return out;
///     });
///     optimizer.step();  // has numbers that change: it is not captured
///     optimizer.zero_grad();
///   }
///
/// The first two runs are eager, the third is captured, the later ones are replays, of which every
/// 64th is an eager run again if operations are accounted for: those are timed, and stand for the
/// others.  A replay computes what an eager run would, bit for bit, and counts the same; it does
/// not run the function.  So a step must be the same each time: the same operations on tensors that
/// lie where they lay, the same numbers as parameters of operations.  Random numbers of
/// default_generator() go on from run to run.  Where no graph can be (on the CPU; if the step waits
/// for values of the device, as convolutions do that choose by the number of zeros), every run is
/// eager, and why_not() says why.
///
/// Threads   while a step runs, no other thread may use the device.
/// Cost      a replay is one launch, and a record per operation for the sink; the memory of a step
///           stays the graph's.
/// Errors    ArgumentError if a parameter has a gradient from before, or the step was another one
///           when it was captured; DeviceError; what the step throws.
template <class Outputs>
class CapturedStep {
 public:
  /// backward() leaves gradients in `parameters`: a replay leaves them there, too.
  CapturedStep(Device device, std::vector<NamedTensor> parameters)
      : parameters_(std::move(parameters)), graph_(device) {}

  /// What the step returned; its tensors hold the values of this run until the next one.  A replay
  /// writes them where no version counts it: what somebody else puts on the tape with them must
  /// have run backward() by then.
  const Outputs& run(const std::function<Outputs()>& step) {
    for (const auto& [name, parameter] : parameters_) {
      require(!parameter.grad(), "captured step: ", name,
              " has a gradient from before; zero_grad() comes first");
    }
    eager_.reset();
    const auto ran = graph_.run([&] { eager_ = step(); });
    if (ran == StepGraph::Ran::eagerly) return *eager_;
    if (ran == StepGraph::Ran::captured) {
      captured_ = std::exchange(eager_, std::nullopt);
      gradients_.clear();
      for (const auto& [name, parameter] : parameters_) gradients_.push_back(parameter.grad());
    } else {
      for (std::size_t i = 0; i < parameters_.size(); ++i) {
        parameters_[i].tensor.set_grad(gradients_[i]);
      }
    }
    return *captured_;
  }

  /// For a step that is another one from now on.
  void reset() { graph_.reset(); }
  /// Why nothing is captured, or empty.
  const std::string& why_not() const { return graph_.why_not(); }
  std::int64_t replays() const { return graph_.replays(); }

 private:
  std::vector<NamedTensor> parameters_;
  std::optional<Outputs> eager_, captured_;
  std::vector<Tensor> gradients_;
  StepGraph graph_;
};

}  // namespace joule
