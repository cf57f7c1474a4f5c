// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/read/patterns.h"

#include <cmath>
#include <optional>
#include <string_view>

namespace joule::exchange {
namespace {

using ::onnx::NodeProto;

class Finder {
 public:
  Finder(const ::onnx::GraphProto& graph,
         const std::function<std::optional<float>(const std::string&)>& scalar,
         const std::function<std::size_t(const std::string&)>& readers)
      : graph_(graph), scalar_(scalar), readers_(readers) {
    for (int i = 0; i < graph.node_size(); ++i) {
      for (const std::string& output : graph.node(i).output()) makers_[output] = i;
    }
  }

  /// What the product at that node is, with the nodes that belong to it.
  std::optional<Activations::Found> at(int root, std::set<int>& inner) {
    inner.clear();
    inner_ = &inner;
    factors_.clear();
    factor_ = 1;
    if (!is_product(graph_.node(root)) || !multiply(root, false)) return {};
    if (factors_.size() != 2) return {};
    for (const auto& [x, gate] :
         {std::pair(factors_[0], factors_[1]), std::pair(factors_[1], factors_[0])}) {
      const std::set<int> before = inner;
      if (const char* const kind = kind_of(x, gate)) return Activations::Found{kind, x};
      inner = before;
    }
    return {};
  }

 private:
  static bool is_product(const NodeProto& node) {
    return node.input_size() == 2 && node.output_size() == 1 &&
           (node.op_type() == "Mul" || node.op_type() == "Div");
  }

  /// The node that makes `name` for one reader alone, which then belongs to the pattern.
  const NodeProto* take(const std::string& name, std::string_view op) {
    const auto maker = makers_.find(name);
    if (maker == makers_.end() || readers_(name) != 1) return nullptr;
    const NodeProto& node = graph_.node(maker->second);
    if (node.op_type() != op || node.output_size() != 1) return nullptr;
    inner_->insert(maker->second);
    return &node;
  }

  /// Collects the factors of a product of products and numbers.
  bool multiply(int at, bool inside) {
    const NodeProto& node = graph_.node(at);
    if (inside) inner_->insert(at);
    for (int i = 0; i < 2; ++i) {
      const std::string& name = node.input(i);
      const auto maker = makers_.find(name);
      const bool divisor = i == 1 && node.op_type() == "Div";
      if (const auto number = scalar_(name)) {
        factor_ *= divisor ? 1 / double{*number} : double{*number};
      } else if (divisor) {
        return false;
      } else if (maker != makers_.end() && readers_(name) == 1 && inner_->size() < 4 &&
                 is_product(graph_.node(maker->second))) {
        if (!multiply(maker->second, true)) return false;
      } else {
        factors_.push_back(name);
      }
    }
    return factors_.size() <= 2;
  }

  static bool near(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

  /// The other input of a node one of whose inputs is that number.
  const std::string* beside(const NodeProto& node, double number) const {
    if (node.input_size() != 2) return nullptr;
    for (int i = 0; i < 2; ++i) {
      const auto value = scalar_(node.input(i));
      if (value && near(*value, number)) return &node.input(1 - i);
    }
    return nullptr;
  }

  const char* kind_of(const std::string& x, const std::string& gate) {
    if (near(factor_, 1)) {
      const NodeProto* const sigmoid = take(gate, "Sigmoid");
      if (sigmoid && sigmoid->input_size() == 1 && sigmoid->input(0) == x) return "SiLU";
      if (is_hard_sigmoid(x, gate)) return "HardSwish";
    }
    if (near(factor_, 1.0 / 6) && is_clipped_ramp(x, gate)) return "HardSwish";
    return near(factor_, 0.5) && is_one_plus_erf(x, gate) ? "GELU" : nullptr;
  }

  bool is_hard_sigmoid(const std::string& x, const std::string& gate) {
    const NodeProto* const node = take(gate, "HardSigmoid");
    if (!node || node->input_size() != 1 || node->input(0) != x) return false;
    double alpha = 0.2, beta = 0.5;
    for (const auto& attribute : node->attribute()) {
      if (attribute.name() == "alpha") alpha = double{attribute.f()};
      if (attribute.name() == "beta") beta = double{attribute.f()};
    }
    return near(alpha, 1.0 / 6) && near(beta, 0.5);
  }

  bool is_clipped_ramp(const std::string& x, const std::string& gate) {
    const NodeProto* const clip = take(gate, "Clip");
    if (!clip || clip->input_size() != 3) return false;
    const auto low = scalar_(clip->input(1)), high = scalar_(clip->input(2));
    if (!low || *low != 0 || !high || *high != 6) return false;
    const NodeProto* const sum = take(clip->input(0), "Add");
    const std::string* const other = sum ? beside(*sum, 3) : nullptr;
    return other && *other == x;
  }

  bool is_one_plus_erf(const std::string& x, const std::string& gate) {
    const NodeProto* const sum = take(gate, "Add");
    const std::string* const erf_name = sum ? beside(*sum, 1) : nullptr;
    const NodeProto* const erf = erf_name ? take(*erf_name, "Erf") : nullptr;
    if (!erf || erf->input_size() != 1) return false;
    if (const NodeProto* const div = take(erf->input(0), "Div")) {
      const auto by = div->input_size() == 2 ? scalar_(div->input(1)) : std::nullopt;
      return by && near(*by, std::sqrt(2.0)) && div->input(0) == x;
    }
    const NodeProto* const mul = take(erf->input(0), "Mul");
    const std::string* const other = mul ? beside(*mul, std::sqrt(0.5)) : nullptr;
    return other && *other == x;
  }

  const ::onnx::GraphProto& graph_;
  const std::function<std::optional<float>(const std::string&)>& scalar_;
  const std::function<std::size_t(const std::string&)>& readers_;
  std::map<std::string, int> makers_;
  std::vector<std::string> factors_;
  double factor_ = 1;
  std::set<int>* inner_ = nullptr;
};

}  // namespace

Activations find_activations(const ::onnx::GraphProto& graph,
                             const std::function<std::optional<float>(const std::string&)>& scalar,
                             const std::function<std::size_t(const std::string&)>& readers) {
  Activations found;
  Finder finder(graph, scalar, readers);
  for (int i = graph.node_size(); i-- > 0;) {  // the last product of a chain is the whole
    std::set<int> inner;
    if (found.inner.contains(i)) continue;
    if (auto activation = finder.at(i, inner)) {
      found.last[i] = *activation;
      found.inner.insert(inner.begin(), inner.end());
    }
  }
  return found;
}

}  // namespace joule::exchange
