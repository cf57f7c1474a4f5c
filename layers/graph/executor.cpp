// SPDX-License-Identifier: MIT
#include "joule/layers/graph/executor.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/modules.h"

namespace joule::nn {
namespace {

bool is(const LayerSpec& spec, std::string_view kind) { return !spec.own && spec.kind == kind; }

/// Under the name of what is around the graph.
std::string_view full(std::string_view layer) {
  const std::string_view outer = context().scope.layer;
  if (outer.empty() || layer.empty()) return outer.empty() ? layer : outer;
  return intern(str(outer, ".", layer));
}

/// Whether nobody can see which layers run together.
bool unseen() {
  const TapCollector* const taps = TapCollector::current();
  return forward_observers().empty() && !(taps && taps->options().layers == TapLayers::all);
}

/// What a module that says that it is of a kind must own.
Tensor own_tensor(const std::vector<NamedTensor>& named, const BuiltGraph::BuiltNode& node,
                  const std::string& name) {
  const auto found = std::ranges::find(named, name, &NamedTensor::name);
  require(found != named.end(), "graph: node '", node.name, "', ", node.module->describe(),
          ", says that it is a ", node.spec.kind, ", but has no '", name, "'");
  return found->tensor;
}

}  // namespace

GraphExecutor::GraphExecutor(BuiltGraph graph) : graph_(std::move(graph)) {
  std::vector<std::size_t> last_reader(graph_.inputs + graph_.nodes.size());
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    for (const std::size_t value : graph_.nodes[i].inputs) last_reader.at(value) = i;
  }
  for (const std::size_t value : graph_.outputs) last_reader.at(value) = graph_.nodes.size();
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const BuiltGraph::BuiltNode& node = graph_.nodes[i];
    Step step{.module = node.module, .layer = intern(node.name), .inputs = node.inputs};
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      const auto later = node.inputs.begin() + static_cast<std::ptrdiff_t>(k) + 1;
      step.last.push_back(last_reader[node.inputs[k]] == i &&
                          std::find(later, node.inputs.end(), node.inputs[k]) == node.inputs.end());
    }
    steps_.push_back(std::move(step));
  }
  plan_fusion();
  plan_cuts();
}

bool GraphExecutor::only_reader(std::size_t reader, std::size_t value) const {
  const auto reads = [&](const BuiltGraph::BuiltNode& node) {
    return std::ranges::count(node.inputs, value);
  };
  std::ptrdiff_t all = std::ranges::count(graph_.outputs, value);
  for (const BuiltGraph::BuiltNode& node : graph_.nodes) all += reads(node);
  return all == 1 && reads(graph_.nodes[reader]) == 1;
}

/// Whether that kind of node is the next one, and the only reader of the one before it.
bool GraphExecutor::follows(std::size_t next, std::string_view kind) const {
  return next < graph_.nodes.size() && is(graph_.nodes[next].spec, kind) &&
         only_reader(next, output_of(next - 1));
}

std::optional<GraphExecutor::Fusion> GraphExecutor::fusion_of(std::size_t at) const {
  const auto& nodes = graph_.nodes;
  const bool linear = is(nodes[at].spec, "Linear");
  if (!linear && !is(nodes[at].spec, "Conv2d")) return {};
  const bool norm = follows(at + 1, "BatchNorm");
  const bool relu = !linear && follows(at + 1 + norm, "ReLU");
  if (!norm && !relu) return {};
  const BuiltGraph::BuiltNode& conv = nodes[at];
  const Attributes& attributes = conv.spec.attributes;
  const auto parameters = conv.module->parameters();
  Fusion fusion{.conv = {.weight = own_tensor(parameters, conv, "weight")},
                .params = linear ? std::nullopt : std::optional(conv_params(attributes)),
                .relu = relu};
  if (relu) {
    const Attributes& rectifier = nodes[at + 1 + norm].spec.attributes;
    fusion.threshold = static_cast<float>(rectifier.number("threshold"));
  }
  if (attributes.flag("bias")) fusion.conv.bias = own_tensor(parameters, conv, "bias");
  if (norm) {
    const BuiltGraph::BuiltNode& next = nodes[at + 1];
    const auto scales = next.module->parameters(), statistics = next.module->buffers();
    fusion.norm = next.module;
    fusion.conv.gamma = own_tensor(scales, next, "weight");
    fusion.conv.beta = own_tensor(scales, next, "bias");
    fusion.conv.mean = own_tensor(statistics, next, "running_mean");
    fusion.conv.var = own_tensor(statistics, next, "running_var");
    fusion.conv.epsilon = static_cast<float>(next.spec.attributes.number("epsilon"));
  }
  return fusion;
}

std::optional<GraphExecutor::RectifiedNorm> GraphExecutor::rectified_norm(std::size_t at) const {
  const auto& nodes = graph_.nodes;
  if (!is(nodes[at].spec, "BatchNorm")) return {};
  const bool sum = follows(at + 1, "Add");
  if (sum && nodes[at + 1].inputs.size() != 2) return {};
  if (!follows(at + 1 + sum, "ReLU")) return {};
  const BuiltGraph::BuiltNode& norm = nodes[at];
  const auto scales = norm.module->parameters(), statistics = norm.module->buffers();
  RectifiedNorm made{.gamma = own_tensor(scales, norm, "weight"),
                     .beta = own_tensor(scales, norm, "bias"),
                     .mean = own_tensor(statistics, norm, "running_mean"),
                     .var = own_tensor(statistics, norm, "running_var"),
                     .options = {}};
  const auto number = [](const LayerSpec& spec, std::string_view name) {
    return static_cast<float>(spec.attributes.number(name));
  };
  made.options = {.epsilon = number(norm.spec, "epsilon"),
                  .momentum = number(norm.spec, "momentum")};
  made.threshold = number(nodes[at + 1 + sum].spec, "threshold");
  if (sum) {
    const auto& inputs = nodes[at + 1].inputs;
    made.addend = inputs[inputs[0] == output_of(at) ? 1 : 0];
  }
  return made;
}

void GraphExecutor::plan_fusion() {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    steps_[i].fusion = fusion_of(i);
    steps_[i].rectified = rectified_norm(i);
  }
}

void GraphExecutor::plan_cuts() {
  const std::size_t values = graph_.inputs + steps_.size();
  std::vector<std::size_t> last_reader(values, 0);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    for (const std::size_t value : steps_[i].inputs) last_reader[value] = i + 1;
  }
  for (const std::size_t value : graph_.outputs) last_reader[value] = steps_.size() + 1;
  for (std::size_t at = 0; at <= steps_.size(); ++at) {
    std::optional<std::size_t> live;
    std::size_t count = 0;
    for (std::size_t value = 0; value < graph_.inputs + at; ++value) {
      if (last_reader[value] <= at) continue;
      live = value;
      ++count;
    }
    live_.push_back(count == 1 ? live : std::nullopt);
  }
}

std::string_view GraphExecutor::kind(std::size_t node) const {
  const LayerSpec& spec = graph_.nodes.at(node).spec;
  return spec.own ? std::string_view() : spec.kind;
}

std::vector<Tensor> GraphExecutor::run(std::vector<Tensor> inputs) const {
  require(inputs.size() == graph_.inputs, "net: expected ", graph_.inputs, " inputs, got ",
          inputs.size());
  Values values = std::move(inputs);
  values.resize(graph_.inputs + steps_.size());
  run_steps(0, steps_.size(), values);
  std::vector<Tensor> outputs;
  for (const std::size_t output : graph_.outputs) outputs.push_back(std::move(values[output]));
  return outputs;
}

Tensor GraphExecutor::run(Tensor x) const {
  require(graph_.inputs == 1 && graph_.outputs.size() == 1,
          "net: expected one input and one output, but it has ", graph_.inputs, " and ",
          graph_.outputs.size());
  return run(0, steps_.size(), std::move(x));
}

Tensor GraphExecutor::run(std::size_t first, std::size_t last, Tensor x) const {
  require(first <= last && last < live_.size() && live_[first] && live_[last], "net: the nodes ",
          first, " to ", last, " of ", steps_.size(), " do not go from one value to one value");
  Values values(graph_.inputs + steps_.size());
  values[*live_[first]] = std::move(x);
  run_steps(first, last, values);
  return std::move(values[*live_[last]]);
}

std::vector<Tensor> GraphExecutor::take_inputs(const Step& step, Values& values) const {
  std::vector<Tensor> xs;
  xs.reserve(step.inputs.size());
  for (std::size_t k = 0; k < step.inputs.size(); ++k) {
    Tensor& value = values[step.inputs[k]];
    xs.push_back(step.last[k] ? std::exchange(value, {}) : value);
  }
  return xs;
}

void GraphExecutor::run_steps(std::size_t first, std::size_t last, Values& values) const {
  const bool fuse = unseen();
  for (std::size_t i = first; i < last;) {
    const Step& step = steps_[i];
    if (fuse) {
      const std::size_t next = step.fusion      ? run_fused(i, last, values)
                               : step.rectified ? run_rectified(i, last, values)
                                                : i;
      if (next > i) {
        i = next;
        continue;
      }
    }
    std::vector<Tensor> xs = take_inputs(step, values);
    values[output_of(i)] = step.module->run_as(full(step.layer), xs);
    ++i;
  }
}

/// Returns the first node that is still to run: `at` if nothing was done.
std::size_t GraphExecutor::run_fused(std::size_t at, std::size_t last, Values& values) const {
  const Step& step = steps_[at];
  const auto& [conv, params, norm, relu, threshold] = *step.fusion;
  const Tensor& x = values[step.inputs[0]];
  FoldedConv weights{conv.weight, conv.bias};
  std::size_t end = at + 1;
  if (norm) {
    // What a captured step replays would not notice that the statistics have changed.
    if (++end > last || !context().fold_batch_norm || context().grad_enabled || norm->training() ||
        conv.gamma.numel() != conv.weight.dim(0) || backend(x.device()).capturing() != 0) {
      return at;
    }
    weights = folded(conv);
  }
  const bool rectify = relu && end < last;
  if (!norm && !rectify) return at;
  Tensor input = std::move(take_inputs(step, values)[0]);
  ReluOutput output;
  {
    const std::string_view layer = full(step.layer);
    const Module::Entered entered(layer);
    try {
      if (rectify) {
        output = conv2d_relu(std::move(input), weights.weight, weights.bias, *params,
                             ReLU::wanted_l0(), threshold);
      } else {
        output.y = params ? conv2d(std::move(input), weights.weight, weights.bias, *params)
                          : linear(std::move(input), weights.weight, weights.bias);
      }
    } catch (const ArgumentError& error) {
      step.module->rethrow(layer, error);
    }
  }
  if (!rectify) {
    values[output_of(end - 1)] = std::move(output.y);
    return end;
  }
  const Module::Entered entered(full(steps_[end].layer));
  ReLU::tap(output);
  values[output_of(end)] = std::move(output.y);
  return end + 1;
}

/// Returns the first node that is still to run: `at` if nothing was done.
std::size_t GraphExecutor::run_rectified(std::size_t at, std::size_t last, Values& values) const {
  const Step& step = steps_[at];
  const RectifiedNorm& norm = *step.rectified;
  const std::size_t relu = at + 1 + norm.addend.has_value();
  const Tensor& x = values[step.inputs[0]];
  if (relu >= last || !step.module->training()) return at;
  // What does not fit is left to Add, which says so under its own name.
  if (norm.addend && values[*norm.addend].shape() != x.shape()) return at;
  Tensor input = std::move(take_inputs(step, values)[0]);
  Tensor addend;
  if (norm.addend) {
    const Step& sum = steps_[at + 1];
    const std::size_t index = sum.inputs[0] == *norm.addend ? 0 : 1;
    Tensor& value = values[*norm.addend];
    addend = sum.last[index] ? std::exchange(value, {}) : value;
  }
  ReluOutput output;
  {
    const std::string_view layer = full(step.layer);
    const Module::Entered entered(layer);
    try {
      output = batch_norm_relu(std::move(input), norm.gamma, norm.beta, norm.mean, norm.var,
                               norm.options, ReLU::wanted_l0(), norm.threshold, addend);
    } catch (const ArgumentError& error) {
      step.module->rethrow(layer, error);
    }
  }
  const Module::Entered entered(full(steps_[relu].layer));
  ReLU::tap(output);
  values[output_of(relu)] = std::move(output.y);
  return relu + 1;
}

std::shared_ptr<const GraphExecutor> ExecutorOf::get(Module& net, GraphBuilder::Depth depth) {
  static std::mutex mutex;  // one for all, so that a net can be moved
  const std::lock_guard lock(mutex);
  if (!made_ || version_ != structure_version()) {
    made_ = std::make_shared<const GraphExecutor>(GraphBuilder::build(net, depth));
    version_ = structure_version();  // which the making of nodes may have changed
  }
  return made_;
}

}  // namespace joule::nn
