// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// ONNX files as bytes, by the rules of protobuf's wire format and the numbers of onnx.proto, so
// that the tests of the reader need no library to make them.  Source: protobuf.dev, "Encoding".
namespace joule::test {

/// A message of protobuf.
class Message {
 public:
  Message& varint(int field, std::uint64_t value) {
    number(static_cast<std::uint64_t>(field) << 3);
    return number(value);
  }
  Message& bytes(int field, std::string_view value) {
    number(static_cast<std::uint64_t>(field) << 3 | 2);
    number(value.size());
    text_ += value;
    return *this;
  }
  Message& fixed32(int field, float value) {
    number(static_cast<std::uint64_t>(field) << 3 | 5);
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.text_); }
  const std::string& text() const { return text_; }

 private:
  Message& number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
    return *this;
  }
  std::string text_;
};

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Names = std::vector<std::string>;

inline Message onnx_attribute(const char* name, std::int64_t value) {
  return Message().bytes(1, name).varint(3, static_cast<std::uint64_t>(value)).varint(20, 2);
}
inline Message onnx_attribute(const char* name, float value) {
  return Message().bytes(1, name).fixed32(2, value).varint(20, 1);
}
inline Message onnx_attribute(const char* name, const char* value) {
  return Message().bytes(1, name).bytes(4, value).varint(20, 3);
}
inline Message onnx_attribute(const char* name, const Ints& values) {
  Message attribute = Message().bytes(1, name).varint(20, 7);
  for (const std::int64_t v : values) attribute.varint(8, static_cast<std::uint64_t>(v));
  return attribute;
}

/// A TensorProto of float32, or of whole numbers.
inline Message onnx_tensor(const std::string& name, const Ints& dims, const Floats& values) {
  Message tensor = Message().varint(2, 1).bytes(8, name);
  for (const std::int64_t dim : dims) tensor.varint(1, static_cast<std::uint64_t>(dim));
  return tensor.bytes(9, {reinterpret_cast<const char*>(values.data()), 4 * values.size()});
}
inline Message onnx_integers(const std::string& name, const Ints& dims, const Ints& values) {
  Message tensor = Message().varint(2, 7).bytes(8, name);
  for (const std::int64_t dim : dims) tensor.varint(1, static_cast<std::uint64_t>(dim));
  return tensor.bytes(9, {reinterpret_cast<const char*>(values.data()), 8 * values.size()});
}

/// A file of ONNX, put together piece by piece.
class OnnxFile {
 public:
  explicit OnnxFile(int opset = 17) : opset_(opset) {}

  /// Of float32; a dimension of -1 is free.
  OnnxFile& input(const std::string& name, const Ints& dims) { return value(11, name, dims); }
  OnnxFile& output(const std::string& name, const Ints& dims = {}) { return value(12, name, dims); }
  OnnxFile& node(const std::string& op, const Names& inputs, const Names& outputs,
                 const std::vector<Message>& attributes = {}, const std::string& name = {}) {
    Message node;
    for (const std::string& input : inputs) node.bytes(1, input);
    for (const std::string& output : outputs) node.bytes(2, output);
    if (!name.empty()) node.bytes(3, name);
    node.bytes(4, op);
    for (const Message& attribute : attributes) node.message(5, attribute);
    graph_.message(1, node);
    return *this;
  }
  OnnxFile& tensor(const Message& tensor) {
    graph_.message(5, tensor);
    return *this;
  }
  OnnxFile& floats(const std::string& name, const Ints& dims, const Floats& values) {
    return tensor(onnx_tensor(name, dims, values));
  }
  OnnxFile& integers(const std::string& name, const Ints& values) {
    return tensor(onnx_integers(name, {static_cast<std::int64_t>(values.size())}, values));
  }
  OnnxFile& metadata(const std::string& key, const std::string& text) {
    metadata_.message(14, Message().bytes(1, key).bytes(2, text));
    return *this;
  }

  std::string bytes() const {
    const Message opset = Message().bytes(1, "").varint(2, static_cast<std::uint64_t>(opset_));
    return Message().varint(1, 8).message(8, opset).message(7, graph_).text() + metadata_.text();
  }

 private:
  OnnxFile& value(int field, const std::string& name, const Ints& dims) {
    Message shape;
    for (const std::int64_t dim : dims) {
      shape.message(1, dim < 0 ? Message().bytes(2, "N")
                               : Message().varint(1, static_cast<std::uint64_t>(dim)));
    }
    Message tensor = Message().varint(1, 1);
    if (!dims.empty()) tensor.message(2, shape);
    graph_.message(field, Message().bytes(1, name).message(2, Message().message(1, tensor)));
    return *this;
  }
  int opset_;
  Message graph_, metadata_;
};

}  // namespace joule::test
