// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/read/node.h"

#include <algorithm>
#include <string_view>

#include "joule/core/error.h"
#include "joule/exchange/onnx/tensor_proto.h"

namespace joule::exchange {

using ::onnx::AttributeProto;

bool OnnxNode::has_input(std::size_t i) const {
  return i < inputs_.size() && (inputs_[i].constant || inputs_[i].view);
}

const Constant* OnnxNode::constant_if_given(std::size_t i, const char* what) const {
  if (!has_input(i)) return nullptr;
  require(inputs_[i].constant != nullptr, "its ", what, ", '", input_name(i),
          "', is computed when the net runs: expected a constant");
  return inputs_[i].constant.get();
}

const Constant& OnnxNode::constant(std::size_t i, const char* what) const {
  require(has_input(i), "it has no ", what, " (input ", i, ")");
  return *constant_if_given(i, what);
}

const View& OnnxNode::view(std::size_t i) const {
  require(has_input(i), "it has no input ", i);
  require(inputs_[i].view.has_value(), "its input '", input_name(i),
          "' is a constant: expected a value that is computed when the net runs");
  return *inputs_[i].view;
}

const View& OnnxNode::image(std::size_t i) const {
  const View& x = view(i);
  require(x.is_image(), "expected images [N,C,H,W], got ", dims_text(x.dims()), " behind the batch",
          x.dims().size() == 3 ? ", transposed" : "");
  return x;
}

const AttributeProto* OnnxNode::find(const char* attribute) const {
  for (const AttributeProto& found : node_.attribute()) {
    if (found.name() == attribute) return &found;
  }
  return nullptr;
}

const AttributeProto* OnnxNode::find(const char* attribute, int type, const char* expected) const {
  const AttributeProto* const found = find(attribute);
  // IR versions before 3 need not state the type; all that is read here is newer.
  require(!found || found->type() == type, "attribute ", attribute, ": expected ", expected);
  return found;
}

std::int64_t OnnxNode::integer(const char* attribute, std::int64_t preset) const {
  const auto* const found = find(attribute, AttributeProto::INT, "a whole number");
  return found ? found->i() : preset;
}

float OnnxNode::number(const char* attribute, float preset) const {
  const auto* const found = find(attribute, AttributeProto::FLOAT, "a number");
  return found ? found->f() : preset;
}

std::string OnnxNode::text(const char* attribute, const char* preset) const {
  const auto* const found = find(attribute, AttributeProto::STRING, "a text");
  return found ? found->s() : preset;
}

std::optional<std::vector<std::int64_t>> OnnxNode::integers(const char* attribute) const {
  const auto* const found = find(attribute, AttributeProto::INTS, "a list of whole numbers");
  if (!found) return {};
  return std::vector<std::int64_t>(found->ints().begin(), found->ints().end());
}

std::optional<std::vector<float>> OnnxNode::numbers(const char* attribute) const {
  const auto* const found = find(attribute, AttributeProto::FLOATS, "a list of numbers");
  if (!found) return {};
  return std::vector<float>(found->floats().begin(), found->floats().end());
}

std::optional<Constant> OnnxNode::tensor(const char* attribute) const {
  const auto* const found = find(attribute, AttributeProto::TENSOR, "a tensor");
  if (!found) return {};
  return decode(found->t(), path_);
}

std::optional<std::vector<std::int64_t>> OnnxNode::attribute_or_input(const char* attribute,
                                                                      std::size_t input) const {
  if (auto given = integers(attribute)) return given;
  const Constant* const constant = constant_if_given(input, attribute);
  if (!constant) return {};
  return integers_of(*constant, attribute);
}

void OnnxNode::require_attributes(std::span<const char* const> known) const {
  for (const AttributeProto& attribute : node_.attribute()) {
    require(
        std::ranges::any_of(known, [&](std::string_view name) { return name == attribute.name(); }),
        "its attribute '", attribute.name(), "' is not known");
  }
}

}  // namespace joule::exchange
