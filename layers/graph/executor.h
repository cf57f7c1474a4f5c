// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "joule/kernels/conv2d/conv2d.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/fold.h"

namespace joule::nn {

/// Runs the nodes of a graph, one after the other.  Each is accounted to, tapped and observed under
/// its own name, and the last one that reads a value may overwrite it.
///
/// Unless somebody could see the difference (forward observers, TapLayers::all), a Conv2d runs in
/// one pass with the ReLU that follows it; in evaluation without gradients, and unless
/// Context::fold_batch_norm is off, with the BatchNorm between them, too, and a Linear with the one
/// behind it.  Such a pass is accounted to the convolution, or the linear layer; the norm does no
/// work.
class GraphExecutor {
 public:
  /// The modules must outlive this.
  explicit GraphExecutor(BuiltGraph graph);

  std::vector<Tensor> run(std::vector<Tensor> inputs) const;
  /// Of a graph of one input and one output.
  Tensor run(Tensor x) const;

  std::size_t nodes() const { return steps_.size(); }
  /// The kind of a node; empty if it is one of its own.
  std::string_view kind(std::size_t node) const;
  /// Whether all that the nodes from this one on need of those before it is one value.
  bool is_cut(std::size_t node) const { return live_[node].has_value(); }
  /// The nodes [first, last) alone, from that value to that which the rest needs.
  /// Errors    ArgumentError unless both are cuts.
  Tensor run(std::size_t first, std::size_t last, Tensor x) const;

 private:
  /// What a convolution or a linear layer may be run together with.
  struct Fusion {
    NormedConv conv;
    std::optional<ConvParams> params;  // none: a linear layer
    const Module* norm = nullptr;      // the next node; whether it is in training mode
    bool relu = false;                 // the node behind all that
    float threshold = 0;               // its
  };
  struct Step {
    Module* module;
    std::string_view layer;  // its name, without that of what is around the graph
    std::vector<std::size_t> inputs;
    std::vector<bool> last;  // of the inputs: nobody reads it later
    std::optional<Fusion> fusion{};
  };
  using Values = std::vector<Tensor>;

  void plan_fusion();
  void plan_cuts();
  std::optional<Fusion> fusion_of(std::size_t at) const;
  bool only_reader(std::size_t reader, std::size_t value) const;
  std::size_t output_of(std::size_t step) const { return graph_.inputs + step; }
  std::vector<Tensor> take_inputs(const Step& step, Values& values) const;
  void run_steps(std::size_t first, std::size_t last, Values& values) const;
  std::size_t run_fused(std::size_t at, std::size_t last, Values& values) const;

  BuiltGraph graph_;
  std::vector<Step> steps_;
  std::vector<std::optional<std::size_t>> live_;  // before each node, and at the end: the one value
};

/// The executor of a module's graph: made when it is first needed, and anew once a module was added
/// to another one, anywhere.
///
/// Threads   may be used by several at the same time.
class ExecutorOf {
 public:
  std::shared_ptr<const GraphExecutor> get(Module& net, GraphBuilder::Depth depth);

 private:
  std::shared_ptr<const GraphExecutor> made_;
  std::uint64_t version_ = 0;
};

}  // namespace joule::nn
