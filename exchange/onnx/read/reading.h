// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/state.h"
#include "joule/exchange/onnx/read/node.h"
#include "joule/layers/graph/graph.h"

namespace joule::exchange {

/// The net that is being read, node by node.
class Reading {
 public:
  /// `path` is the file's; `most_weights` is the limit on the numbers in the net.
  Reading(std::string path, std::int64_t most_weights);

  /// Adds a layer for a node, or for a part of it.  Its output's view is that of its first input;
  /// the caller changes what differs.  It is named after the node, or after `weight` if that is the
  /// name of an initialiser "<layer>.weight".
  ///
  /// Errors    ArgumentError: attributes that the kind does not have, shapes that do not match.
  View add(const OnnxNode& node, const std::string& kind, const nn::Attributes& attributes,
           std::span<const View> xs, const std::string& weight = {});
  View add(const OnnxNode& node, const std::string& kind, const nn::Attributes& attributes,
           const View& x, const std::string& weight = {}) {
    return add(node, kind, attributes, std::span(&x, 1), weight);
  }
  /// Sets the values of a parameter or buffer of a layer.
  void set_weight(const View& layer, const char* name, const Tensor& values);
  void set_weight(const View& layer, const char* name, std::span<const float> values);

  /// Records what an output of a node, an initialiser or an input of the file is.
  void set(const std::string& name, View view);
  void set(const std::string& name, ConstantPtr constant);
  const OnnxValue* find(const std::string& name) const;

  /// How many nodes and outputs of the file read the value.
  void count_reader(const std::string& name) { ++readers_[name]; }
  std::size_t readers(const std::string& name) const;

  /// The layer that produces the value `name` if that has a single reader; else null.
  nn::Node* only_read_layer(const std::string& name, const View& view);

  /// Stores an order of features, for View::order.
  /// Errors    as charge_order().
  std::shared_ptr<const std::vector<std::int64_t>> keep(std::vector<std::int64_t> order);
  /// Errors    ArgumentError if all orders together are too long.
  void charge_order(std::size_t values);
  /// The value as features [N,F] in the net, too: flattens an image.
  View features(const OnnxNode& node, const View& x);

  /// The batch size that the file states, if any; it becomes free.
  void set_batch(std::optional<std::int64_t> batch) { batch_ = batch; }
  /// Whether a number in a shape is the batch size.
  bool is_batch(std::int64_t dim) const { return dim == kBatch || dim == batch_; }

  const std::string& path() const { return path_; }
  nn::Graph& graph() { return graph_; }
  State& weights() { return weights_; }

 private:
  std::string layer_name(const OnnxNode& node, const nn::Node& layer, const std::string& weight);
  /// Whether a layer may have that name: no name may lie below that of a layer with weights.
  bool is_free(const std::string& name, bool weighted) const;

  std::string path_;
  std::int64_t weights_left_;
  std::int64_t orders_left_ = 3 * kMostOrdered;
  std::optional<std::int64_t> batch_;
  nn::Graph graph_;
  State weights_;
  std::map<std::string, OnnxValue> values_;
  std::map<std::string, std::size_t> readers_;
  std::map<std::string, std::size_t> places_;                 // of the layers
  std::map<std::string, std::vector<std::string>> names_of_;  // the file's names for a value
  std::set<std::string> names_, weighted_;  // of all layers and inputs, of layers with weights
};

/// How an operator is read.
struct Operator {
  std::string_view name;
  std::vector<const char*> attributes;  // allowed ones
  void (*read)(Reading&, const OnnxNode&);
  std::size_t outputs = 1;  // how many of them may be read
};
/// Operators: convolutions and products; pooling; norms and elementwise ones; shapes; resizing.
std::vector<Operator> product_operators();
std::vector<Operator> pool_operators();
std::vector<Operator> pointwise_operators();
std::vector<Operator> shape_operators();
std::vector<Operator> resize_operators();
/// All of them by name.
const std::map<std::string_view, Operator>& operators();

/// The numbers of a constant per channel of the net's value, if they are the same along all other
/// axes.  Errors    ArgumentError if they are not.
std::vector<float> per_channel(const Constant& constant, const View& x, const char* what);
/// y[c] = scale[c] x[c] + offset[c], as a BatchNorm that computes just that.
View add_affine(Reading& reading, const OnnxNode& node, const View& x, std::span<const float> scale,
                std::span<const float> offset);
/// Whether two values have the same layout in the net.
bool are_alike(const View& a, const View& b);
/// Pads an image with zeros above, below, to the left and to the right; negative numbers crop.
View add_padding(Reading& reading, const OnnxNode& node, const View& x,
                 const std::vector<std::int64_t>& padding);

}  // namespace joule::exchange
