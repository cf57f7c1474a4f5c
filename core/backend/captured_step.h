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

/// Captures a forward and backward pass that is the same each time into a CUDA graph.  Worth it for
/// a small net, whose kernels take longer to launch one by one than to compute.
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
///     optimizer.step();  // not captured: it has numbers that change
///     optimizer.zero_grad();
///   }
///
/// The first two runs are eager, the third is captured, and later ones replay the graph.  If
/// operations are accounted for, every 64th replay times them, and waits for its end; those times
/// stand for the others.  A replay computes what an eager run would, bit for bit, with the
/// same counts, but does not call the function.  So a step must be the same each time: the same
/// operations, with the same parameters, on tensors at the same addresses.  Random numbers of
/// default_generator() continue from run to run.  Where capture is impossible (on the CPU, or if
/// the step waits for values of the device, as convolutions that choose by the number of zeros do),
/// every run is eager, and why_not() says why.
///
/// Threads   while a step runs, no other thread may use the device.
/// Cost      a replay is one launch, and one record per operation for the sink; the graph keeps the
///           memory of a step.
/// Errors    ArgumentError if a parameter already had a gradient, or the step differs from the one
///           that was captured; DeviceError; whatever the step throws.
template <class Outputs>
class CapturedStep {
 public:
  /// backward() leaves gradients in `parameters`; so does a replay.
  CapturedStep(Device device, std::vector<NamedTensor> parameters)
      : parameters_(std::move(parameters)), graph_(device) {}

  /// What the step returned; its tensors hold the values of this run until the next run.  A replay
  /// writes them without changing their version: if you record operations on them, run backward()
  /// before the next run.
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

  /// Call this when the step changes: the next run starts anew.
  void reset() { graph_.reset(); }
  /// Why nothing is captured; empty if something is or may be.
  const std::string& why_not() const { return graph_.why_not(); }
  std::int64_t replays() const { return graph_.replays(); }

 private:
  std::vector<NamedTensor> parameters_;
  std::optional<Outputs> eager_, captured_;
  std::vector<Tensor> gradients_;
  StepGraph graph_;
};

}  // namespace joule
