// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/exchange/onnx/proto.h"
#include "joule/exchange/onnx/read/view.h"

namespace joule::exchange {

/// One node of a file, with its inputs, which are already known.
///
/// Errors    Every function: ArgumentError if an attribute or input has another type, or is missing
///           without a default.
class OnnxNode {
 public:
  OnnxNode(const ::onnx::NodeProto& node, int opset, std::vector<OnnxValue> inputs,
           const std::string& path)
      : node_(node), opset_(opset), inputs_(std::move(inputs)), path_(path) {}

  const std::string& op() const { return node_.op_type(); }
  const std::string& name() const { return node_.name(); }
  /// Of the operator set.
  int opset() const { return opset_; }

  std::size_t inputs() const { return inputs_.size(); }
  /// Whether the input exists; an optional one may be omitted.
  bool has_input(std::size_t i) const;
  bool is_constant(std::size_t i) const { return has_input(i) && inputs_[i].constant; }
  /// A constant input; `what` is ONNX's name for it.
  const Constant& constant(std::size_t i, const char* what) const;
  /// A constant input, or null if it is omitted.
  const Constant* constant_if_given(std::size_t i, const char* what) const;
  /// An input that is computed when the net runs.
  const View& view(std::size_t i) const;
  /// The same, for an image [N,C,H,W].
  const View& image(std::size_t i) const;
  const std::string& input_name(std::size_t i) const { return node_.input(static_cast<int>(i)); }

  std::size_t outputs() const { return static_cast<std::size_t>(node_.output_size()); }
  const std::string& output(std::size_t i) const { return node_.output(static_cast<int>(i)); }

  bool has(const char* attribute) const { return find(attribute) != nullptr; }
  std::int64_t integer(const char* attribute, std::int64_t preset) const;
  float number(const char* attribute, float preset) const;
  std::string text(const char* attribute, const char* preset) const;
  std::optional<std::vector<std::int64_t>> integers(const char* attribute) const;
  std::optional<std::vector<float>> numbers(const char* attribute) const;
  std::optional<Constant> tensor(const char* attribute) const;
  /// A list that is an attribute in older operator sets, and an input in newer ones.
  std::optional<std::vector<std::int64_t>> attribute_or_input(const char* attribute,
                                                              std::size_t input) const;
  /// Errors    ArgumentError if the node has an attribute that is not listed.
  void require_attributes(std::span<const char* const> known) const;

 private:
  const ::onnx::AttributeProto* find(const char* attribute) const;
  const ::onnx::AttributeProto* find(const char* attribute, int type, const char* expected) const;

  const ::onnx::NodeProto& node_;
  int opset_;
  std::vector<OnnxValue> inputs_;
  const std::string& path_;
};

}  // namespace joule::exchange
