// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/write/writing.h"

#include "joule/core/error.h"

namespace joule::exchange {
namespace {

using ::onnx::AttributeProto;
using ::onnx::TensorProto;

void set_floats(TensorProto& tensor, std::span<const float> values) {
  tensor.set_data_type(TensorProto::FLOAT);
  tensor.set_raw_data(values.data(), values.size_bytes());
}

}  // namespace

AttributeProto& WrittenNode::add(const char* name, int type) {
  AttributeProto& attribute = *node_.add_attribute();
  attribute.set_name(name);
  attribute.set_type(static_cast<AttributeProto::AttributeType>(type));
  return attribute;
}

WrittenNode& WrittenNode::set(const char* name, std::int64_t value) {
  add(name, AttributeProto::INT).set_i(value);
  return *this;
}

WrittenNode& WrittenNode::set(const char* name, float value) {
  add(name, AttributeProto::FLOAT).set_f(value);
  return *this;
}

WrittenNode& WrittenNode::set(const char* name, const char* text) {
  add(name, AttributeProto::STRING).set_s(text);
  return *this;
}

WrittenNode& WrittenNode::set(const char* name, const std::vector<std::int64_t>& values) {
  AttributeProto& attribute = add(name, AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
  return *this;
}

Writing::Writing(const nn::Graph& graph, const State& weights, ::onnx::GraphProto& to)
    : graph_(graph),
      to_(to),
      shapes_(shapes_of(graph)),
      order_(channel_order(graph, shapes_)),
      weights_(convert_layout(own_weights(graph, weights.tensors, "onnx"), order_.readers,
                              WeightLayout::oihw)) {}

void Writing::require_new(const std::string& name) {
  require(names_.insert(name).second, "onnx: two values would be named '", name, "'");
}

WrittenNode Writing::node(const char* op, std::initializer_list<std::string> inputs,
                          const std::string& output, const std::string& name) {
  return node_of_all(op, std::span(inputs.begin(), inputs.size()), output, name);
}

WrittenNode Writing::node_of_all(const char* op, std::span<const std::string> inputs,
                                 const std::string& output, const std::string& name) {
  require_new(output);
  ::onnx::NodeProto& node = *to_.add_node();
  node.set_op_type(op);
  node.set_name(name.empty() ? output : name);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return WrittenNode(node);
}

std::string Writing::weight(const nn::Node& layer, const char* name,
                            const std::vector<std::int64_t>& dims) {
  const std::string full = layer.name + "." + name;
  const Tensor& tensor = weights_.at(full);
  const std::vector<std::int64_t> own(tensor.shape().begin(), tensor.shape().end());
  return constant(full, tensor.values<float>(), dims.empty() ? own : dims);
}

std::string Writing::constant(const std::string& name, std::span<const float> values,
                              const std::vector<std::int64_t>& dims) {
  require_new(name);
  TensorProto& tensor = *to_.add_initializer();
  tensor.set_name(name);
  for (const std::int64_t dim : dims) tensor.add_dims(dim);
  set_floats(tensor, values);
  return name;
}

std::string Writing::constant(const std::string& name, const std::vector<std::int64_t>& values) {
  require_new(name);
  TensorProto& tensor = *to_.add_initializer();
  tensor.set_name(name);
  tensor.add_dims(std::ssize(values));
  tensor.set_data_type(TensorProto::INT64);
  tensor.set_raw_data(values.data(), values.size() * sizeof values[0]);
  return name;
}

void Writing::write_end(const std::string& value, ::onnx::ValueInfoProto& to) const {
  to.set_name(value);
  auto& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  const Shape& s = shape(value);
  const std::vector<std::int64_t> dims = s.rank() == 3
                                             ? std::vector<std::int64_t>{s[2], s[0], s[1]}
                                             : std::vector<std::int64_t>(s.begin(), s.end());
  for (const std::int64_t dim : dims) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

void Writing::run() {
  for (const nn::GraphInput& input : graph_.inputs) {
    require_new(input.name);
    write_end(input.name, *to_.add_input());
  }
  for (const nn::Node& layer : graph_.nodes) write_kind(layer)(*this, layer);
  for (const std::string& output : graph_.outputs) {
    require(names_.contains(output), "onnx: output '", output, "' is no layer's");
    write_end(output, *to_.add_output());
  }
}

}  // namespace joule::exchange
