// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>

#include "joule/core/autograd/accumulate.h"
#include "joule/core/autograd/leaf_gradients.h"
#include "joule/core/op.h"

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
  std::size_t outputs;
  Node* next_to_free = nullptr;
};

namespace {

/// How nodes are freed: one by one, since each holds those before it, and a recursion as deep as
/// the tape is long would overflow the stack.
void free_node(Node* node) noexcept {
  thread_local Node* first = nullptr;
  thread_local bool freeing = false;
  node->next_to_free = std::exchange(first, node);
  if (std::exchange(freeing, true)) return;
  while (first) delete std::exchange(first, first->next_to_free);
  freeing = false;
}

/// The node whose closure runs on this thread, for messages.
const Node*& running() {
  thread_local const Node* node = nullptr;
  return node;
}

std::string described(const Node& node) {
  return node.layer.empty() ? std::string(node.op) : str(node.op, " in layer ", node.layer);
}

void require_not_run(const Node& node) {
  require(static_cast<bool>(node.backward), "backward: ", node.op,
          " ran already; its intermediate values are gone, so call forward again first");
}

bool fits(const Tensor& grad, const Meta& meta) {
  return grad.shape() == meta.shape && grad.dtype() == meta.dtype && grad.device() == meta.device;
}

/// sum = sum + grad.  Adds in place only where nobody else can see it: one gradient may have been
/// handed to several tensors.
void add_gradient(Tensor& sum, const Tensor& grad) {
  if (!grad) return;
  if (!sum) {
    sum = grad;
    return;
  }
  if (!sum.unique()) sum = sum.clone();
  dispatch(ops::Accumulate{.sum = sum, .addend = grad});
}

/// One backward().  It holds all gradients until every node has run: where one throws, they go with
/// it.
class Walk {
 public:
  explicit Walk(const std::shared_ptr<Node>& root) {
    steps_.push_back({root, {}});
    places_.emplace(root.get(), 0);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const std::shared_ptr<Node> node = steps_[i].node;
      require_not_run(*node);
      for (const auto& input : node->inputs) {
        if (input && input->producer && places_.emplace(input->producer.get(), 0).second) {
          steps_.push_back({input->producer, {}});
        }
      }
    }
    std::ranges::sort(steps_, std::ranges::greater(),
                      [](const Step& s) { return s.node->sequence; });
    for (std::size_t i = 0; i < steps_.size(); ++i) places_[steps_[i].node.get()] = i;
    if (!leaf_gradient_observers().empty()) count_uses();
  }

  void run(const Meta& root, const Tensor& grad) {
    add(root, grad);
    for (Step& step : steps_) run(*step.node, std::exchange(step.grad_outputs, {}));
    for (Leaf& leaf : leaves_) {
      context().scope = {leaf.layer, Phase::backward};
      add_gradient(leaf.grad, leaf.meta->grad);
    }
    // Nothing can fail from here on.
    for (Leaf& leaf : leaves_) leaf.meta->grad = std::move(leaf.grad);
  }

 private:
  struct Step {
    std::shared_ptr<Node> node;
    std::vector<Tensor> grad_outputs;
  };
  struct Leaf {
    std::shared_ptr<Meta> meta;
    Tensor grad;
    std::string_view layer;  // which used it last
  };

  void run(Node& node, const std::vector<Tensor>& grad_outputs) {
    require_not_run(node);
    const auto backward = std::exchange(node.backward, nullptr);
    const auto inputs = std::exchange(node.inputs, {});
    if (std::ranges::none_of(grad_outputs, &Tensor::defined)) {
      tell_complete(inputs);
      return;
    }

    context().scope = {node.layer, Phase::backward};
    auto grad_inputs = call(node, backward, grad_outputs);
    require(grad_inputs.size() == inputs.size(), node.op, ": its backward gave ",
            grad_inputs.size(), " gradients for ", inputs.size(), " inputs");
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Tensor& grad = grad_inputs[i];
      if (inputs[i] && grad) require_fits(node, i, grad, *inputs[i]);
    }
    backward_observers().notify({node.op, node.layer, grad_outputs, grad_inputs});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i]) continue;
      const Tensor grad = std::exchange(grad_inputs[i], Tensor());
      if (inputs[i]->producer) {
        add(*inputs[i], grad);
      } else if (grad) {
        add_to_leaf(inputs[i], grad, node.layer);
      }
    }
    tell_complete(inputs);
  }

  static std::vector<Tensor> call(const Node& node, const BackwardFn& backward,
                                  const std::vector<Tensor>& grad_outputs) {
    struct Running {
      const Node* const outer;
      explicit Running(const Node& now) : outer(std::exchange(running(), &now)) {}
      ~Running() { running() = outer; }
    } const here(node);
    return backward(grad_outputs);
  }

  static void require_fits(const Node& node, std::size_t i, const Tensor& grad, const Meta& input) {
    require(fits(grad, input), described(node), ": its backward gave input ", i,
            " a gradient that is ", grad.dtype(), " ", grad.shape(), " on ", grad.device(),
            ", the input is ", input.dtype, " ", input.shape, " on ", input.device);
  }

  /// To an output of a node.
  void add(const Meta& output, const Tensor& grad) {
    auto& grads = steps_[places_.at(output.producer.get())].grad_outputs;
    grads.resize(output.producer->outputs);
    add_gradient(grads[output.output], grad);
  }

  void add_to_leaf(const std::shared_ptr<Meta>& meta, const Tensor& grad, std::string_view layer) {
    const auto [at, added] = leaf_places_.emplace(meta.get(), leaves_.size());
    if (added) leaves_.push_back({meta, {}, {}});
    Leaf& leaf = leaves_[at->second];
    leaf.layer = layer;
    add_gradient(leaf.grad, grad);
  }

  void count_uses() {
    for (const Step& step : steps_) {
      for (const auto& input : step.node->inputs) {
        if (input && !input->producer) ++uses_[input.get()];
      }
    }
  }

  /// An operation has used these for the last time.
  void tell_complete(const std::vector<std::shared_ptr<Meta>>& inputs) {
    if (uses_.empty()) return;
    for (const auto& input : inputs) {
      if (!input || input->producer || --uses_.at(input.get()) > 0) continue;
      const auto at = leaf_places_.find(input.get());
      if (at == leaf_places_.end()) continue;  // no gradient came to it
      leaf_gradient_observers().notify({input.get(), leaves_[at->second].grad});
    }
  }

  std::vector<Step> steps_;  // in the order in which they run
  std::unordered_map<const Node*, std::size_t> places_;
  std::vector<Leaf> leaves_;
  std::unordered_map<const Meta*, std::size_t> leaf_places_;
  std::unordered_map<const Meta*, int> uses_;  // still to come; empty if there is no observer
};

}  // namespace
}  // namespace autograd

bool needs_grad(const Tensor& t) { return context().grad_enabled && t && t.requires_grad(); }

void record(std::string_view op, std::span<const Tensor> inputs,
            std::initializer_list<Tensor*> outputs, BackwardFn backward) {
  if (std::none_of(inputs.begin(), inputs.end(), needs_grad)) return;
  static std::atomic<std::uint64_t> sequence = 0;
  const std::shared_ptr<autograd::Node> node(new autograd::Node{}, autograd::free_node);
  node->sequence = ++sequence;
  node->op = op;
  node->layer = context().scope.layer;
  node->backward = std::move(backward);
  node->outputs = outputs.size();
  for (const Tensor& input : inputs) {
    node->inputs.push_back(needs_grad(input) ? input.meta() : nullptr);
  }
  std::size_t index = 0;
  for (Tensor* output : outputs) {
    const std::size_t at = index++;
    if (!*output) continue;
    output->set_meta(std::make_shared<autograd::Meta>(autograd::Meta{.shape = output->shape(),
                                                                     .dtype = output->dtype(),
                                                                     .device = output->device(),
                                                                     .requires_grad = true,
                                                                     .producer = node,
                                                                     .output = at}));
  }
}

void record(std::string_view op, std::initializer_list<Tensor> inputs,
            std::initializer_list<Tensor*> outputs, BackwardFn backward) {
  record(op, std::span<const Tensor>(inputs.begin(), inputs.size()), outputs, std::move(backward));
}

Saved::Saved(const Tensor& tensor, std::string_view name)
    : tensor_(tensor ? tensor.detach() : Tensor()),
      name_(name),
      version_(tensor ? tensor.version() : 0) {}

const Tensor& Saved::get() const {
  if (!tensor_ || tensor_.version() == version_) return tensor_;
  const autograd::Node* const node = autograd::running();
  throw ArgumentError(str(node ? autograd::described(*node) : "backward", ": its saved ", name_,
                          " was written over after forward (version ", tensor_.version(),
                          ", saved at ", version_,
                          "); run backward() before the write, or write to a clone()"));
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

Observers<LeafGradientEvent>& leaf_gradient_observers() {
  thread_local Observers<LeafGradientEvent> observers;
  return observers;
}

bool Tensor::requires_grad() const { return meta() && meta()->requires_grad; }

Tensor& Tensor::set_requires_grad(bool on) {
  require(!meta() || !meta()->producer,
          "set_requires_grad: only leaves have a choice; detach() first");
  require(!on || dtype() != DType::i32,
          "set_requires_grad: only floating-point tensors have gradients, this is i32");
  if (!meta()) {
    set_meta(std::make_shared<autograd::Meta>(
        autograd::Meta{.shape = shape(), .dtype = dtype(), .device = device()}));
  }
  meta()->requires_grad = on;
  return *this;
}

Tensor Tensor::grad() const { return meta() ? meta()->grad : Tensor(); }

void Tensor::set_grad(const Tensor& grad) const {
  if (!grad) {
    if (meta()) meta()->grad = {};
    return;
  }
  require(grad.shape() == shape(), "set_grad: gradient ", grad.shape(), " for a tensor ", shape());
  require(grad.dtype() == dtype() && grad.device() == device(), "set_grad: gradient of ",
          grad.dtype(), " on ", grad.device(), " for a tensor of ", dtype(), " on ", device());
  require(meta() != nullptr,
          "set_grad: this tensor requires no gradient; set_requires_grad() first");
  meta()->grad = grad;
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
  require(autograd::fits(seed, *meta()), "backward: a tensor of ", dtype(), " on ", device(),
          " got a gradient of ", seed.dtype(), " on ", seed.device(), " to start from");
  const ContextGuard guard;
  context().grad_enabled = false;
  autograd::Walk walk(meta()->producer);
  walk.run(*meta(), seed);
}

}  // namespace joule
