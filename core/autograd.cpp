// SPDX-License-Identifier: MIT
#include "core/autograd.h"

#include <algorithm>
#include <atomic>
#include <unordered_set>

#include "core/accumulate.h"
#include "core/op.h"

namespace joule {
namespace autograd {

/// One recorded operation.  `sequence` grows with time, whatever the thread, so running nodes in
/// falling order runs every consumer of a tensor before its producer.
struct Node {
  std::uint64_t sequence;
  std::string_view op;
  std::string_view layer;
  BackwardFn backward;                        // empty once run
  std::vector<std::shared_ptr<Meta>> inputs;  // null where no gradient is needed
  std::vector<Tensor> grad_outputs;
};

namespace {

/// sum = sum + grad.  Adds in place only where nobody else can see it: one gradient may have been
/// handed to several tensors.
void add_gradient(Tensor& sum, const Tensor& grad) {
  if (!grad) return;
  if (!sum) {
    sum = grad;
    return;
  }
  if (!sum.unique()) sum = sum.clone();
  dispatch(Accumulate{.sum = sum, .addend = grad});
}

std::vector<std::shared_ptr<Node>> reachable(const std::shared_ptr<Node>& root) {
  std::vector<std::shared_ptr<Node>> nodes{root};
  std::unordered_set<const Node*> seen{root.get()};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::shared_ptr<Node> node = nodes[i];
    require(static_cast<bool>(node->backward), "backward: ", node->op,
            " ran already; its intermediate values are gone, so call forward again first");
    for (const auto& input : node->inputs) {
      if (input && input->producer && seen.insert(input->producer.get()).second) {
        nodes.push_back(input->producer);
      }
    }
  }
  std::sort(nodes.begin(), nodes.end(),
            [](const auto& a, const auto& b) { return a->sequence > b->sequence; });
  return nodes;
}

void run(Node& node) {
  const auto grad_outputs = std::exchange(node.grad_outputs, {});
  const auto backward = std::exchange(node.backward, nullptr);
  const auto inputs = std::exchange(node.inputs, {});
  if (std::none_of(grad_outputs.begin(), grad_outputs.end(), std::mem_fn(&Tensor::defined))) return;

  context().scope = {node.layer, Phase::backward};
  auto grad_inputs = backward(grad_outputs);
  require(grad_inputs.size() == inputs.size(), node.op, ": its backward gave ", grad_inputs.size(),
          " gradients for ", inputs.size(), " inputs");
  backward_observers().notify({node.op, node.layer, grad_outputs, grad_inputs});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) continue;
    Tensor& sum = inputs[i]->producer ? inputs[i]->producer->grad_outputs[inputs[i]->output]
                                      : inputs[i]->grad;
    add_gradient(sum, std::exchange(grad_inputs[i], Tensor()));
  }
}

}  // namespace
}  // namespace autograd

bool needs_grad(const Tensor& t) { return context().grad_enabled && t && t.requires_grad(); }

void record(std::string_view op, std::span<const Tensor> inputs,
            std::initializer_list<Tensor*> outputs, BackwardFn backward) {
  if (std::none_of(inputs.begin(), inputs.end(), needs_grad)) return;
  static std::atomic<std::uint64_t> sequence = 0;
  auto node = std::make_shared<autograd::Node>();
  node->sequence = ++sequence;
  node->op = op;
  node->layer = context().scope.layer;
  node->backward = std::move(backward);
  node->grad_outputs.resize(outputs.size());
  for (const Tensor& input : inputs) {
    node->inputs.push_back(needs_grad(input) ? input.meta() : nullptr);
  }
  std::size_t index = 0;
  for (Tensor* output : outputs) {
    const std::size_t at = index++;
    if (!*output) continue;
    output->set_meta(std::make_shared<autograd::Meta>(
        autograd::Meta{.requires_grad = true, .producer = node, .output = at}));
  }
}

void record(std::string_view op, std::initializer_list<Tensor> inputs,
            std::initializer_list<Tensor*> outputs, BackwardFn backward) {
  record(op, std::span<const Tensor>(inputs.begin(), inputs.size()), outputs, std::move(backward));
}

bool grad_unused_at_zeros(const Tensor& t) { return t.meta() && t.meta()->grad_unused_at_zeros; }

void set_grad_unused_at_zeros(const Tensor& output) {
  if (output.meta() && output.meta()->producer) output.meta()->grad_unused_at_zeros = true;
}

Tensor reuse_or_allocate(const Tensor& grad) {
  // An observer is shown the gradients after the closure ran, so they must still be there.
  if (grad.unique() && backward_observers().empty()) return grad;
  return Tensor(grad.shape(), grad.dtype(), grad.device());
}

Observers<BackwardEvent>& backward_observers() {
  thread_local Observers<BackwardEvent> observers;
  return observers;
}

bool Tensor::requires_grad() const { return meta() && meta()->requires_grad; }

Tensor& Tensor::set_requires_grad(bool on) {
  require(!meta() || !meta()->producer,
          "set_requires_grad: only leaves have a choice; detach() first");
  if (!meta()) set_meta(std::make_shared<autograd::Meta>());
  meta()->requires_grad = on;
  return *this;
}

Tensor Tensor::grad() const { return meta() ? meta()->grad : Tensor(); }

void Tensor::set_grad(const Tensor& grad) const {
  require(!grad || grad.shape() == shape(), "set_grad: gradient ", grad ? grad.shape() : Shape{},
          " for a tensor ", shape());
  require(!grad || meta(), "set_grad: this tensor requires no gradient; set_requires_grad() first");
  if (meta()) meta()->grad = grad;
}

void Tensor::backward(const Tensor& grad) const {
  require(requires_grad() && meta()->producer,
          "backward: this tensor was not computed from anything that requires a gradient");
  require(grad ? grad.shape() == shape() : numel() == 1, "backward: a tensor ", shape(),
          " needs a gradient of its own shape to start from");
  Tensor seed = grad;
  if (!seed) {
    seed = Tensor(shape(), dtype(), device());
    seed.fill(1);
  }
  const ContextGuard guard;
  context().grad_enabled = false;
  const auto nodes = autograd::reachable(meta()->producer);
  autograd::add_gradient(meta()->producer->grad_outputs[meta()->output], seed);
  for (const auto& node : nodes) autograd::run(*node);
}

}  // namespace joule
