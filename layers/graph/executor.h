// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/fold.h"

namespace joule::nn {

/// Runs the nodes of a graph one after the other.  Each node is accounted, tapped and observed
/// under its own name, and the last node that reads a value may overwrite it.
///
/// A Conv2d runs in one pass with the ReLU that follows it.  In evaluation without gradients, and
/// unless Context::fold_batch_norm is off, that pass includes a BatchNorm between them, and a
/// Linear includes the BatchNorm behind it.  The pass is accounted to the convolution or linear
/// layer; the norm has no work.  A BatchNorm in training runs in one pass with the ReLU that
/// follows it, also where an Add of two values is between them; that pass is accounted to the norm.
/// Nothing is fused where the difference could be seen: while there are forward observers, or with
/// TapLayers::all.
class GraphExecutor {
 public:
  /// The modules must outlive this object.
  explicit GraphExecutor(BuiltGraph graph);

  std::vector<Tensor> run(std::vector<Tensor> inputs) const;
  /// For a graph with one input and one output.
  Tensor run(Tensor x) const;

  std::size_t nodes() const { return steps_.size(); }
  /// The kind of a node; empty if its kind is not registered.
  std::string_view kind(std::size_t node) const;
  /// Whether the nodes from this one on need only a single value of those before it.
  bool is_cut(std::size_t node) const { return live_[node].has_value(); }
  /// Runs the nodes [first, last) only, from the value at the first cut to the value at the second.
  /// Errors    ArgumentError unless both are cuts.
  Tensor run(std::size_t first, std::size_t last, Tensor x) const;

 private:
  /// What a convolution or a linear layer may be fused with.
  struct Fusion {
    NormedConv conv;
    std::optional<ConvParams> params;  // empty: a linear layer
    const Module* norm = nullptr;      // the next node; asked whether it is in training mode
    bool relu = false;                 // whether a ReLU follows
    float threshold = 0;               // the ReLU's
  };
  /// A BatchNorm with what follows it.
  struct RectifiedNorm {
    Tensor gamma, beta, mean, var;
    BatchNormOptions options;
    std::optional<std::size_t> addend;  // the other value of the Add between norm and ReLU
    float threshold = 0;                // the ReLU's
  };
  struct Step {
    Module* module;
    std::string_view layer;  // its name, without the prefix of the enclosing modules
    std::vector<std::size_t> inputs;
    std::vector<bool> last;  // per input: no later node reads it
    std::optional<Fusion> fusion{};
    std::optional<RectifiedNorm> rectified{};
  };
  using Values = std::vector<Tensor>;

  void plan_fusion();
  void plan_cuts();
  std::optional<Fusion> fusion_of(std::size_t at) const;
  std::optional<RectifiedNorm> rectified_norm(std::size_t at) const;
  bool follows(std::size_t next, std::string_view kind) const;
  bool only_reader(std::size_t reader, std::size_t value) const;
  std::size_t output_of(std::size_t step) const { return graph_.inputs + step; }
  std::vector<Tensor> take_inputs(const Step& step, Values& values) const;
  void run_steps(std::size_t first, std::size_t last, Values& values) const;
  std::size_t run_fused(std::size_t at, std::size_t last, Values& values) const;
  std::size_t run_rectified(std::size_t at, std::size_t last, Values& values) const;

  BuiltGraph graph_;
  std::vector<Step> steps_;
  std::vector<std::optional<std::size_t>> live_;  // before each node, and at the end: the one value
};

/// The executor of a module's graph, made at first use and remade after any module in the process
/// was added to another one.
///
/// Threads   several threads may use it at the same time.
class ExecutorOf {
 public:
  std::shared_ptr<const GraphExecutor> get(Module& net, GraphBuilder::Depth depth);

 private:
  std::shared_ptr<const GraphExecutor> made_;
  std::uint64_t version_ = 0;
};

}  // namespace joule::nn
