// SPDX-License-Identifier: MIT
#include "joule/core/error.h"
#include "joule/exchange/onnx/export.h"
#include "joule/exchange/onnx/import.h"
#include "joule/layers/graph/net.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/onnx_bytes.h"

namespace joule::fuzz {
namespace {

using test::Ints;
using test::onnx_attribute;
using test::OnnxFile;

/// What was accepted is a net that has these weights and no others, and that is the same when it is
/// written and read again.
void read(std::string_view bytes) {
  exchange::OnnxNet net;
  try {
    net = exchange::parse_onnx(bytes, "net.onnx");
  } catch (const DataError&) {
    return;
  }
  const auto shapes = shapes_of(net.graph);
  std::size_t known = 0;
  for (const auto& [name, shape] : weights_of(net.graph)) {
    require(net.weights.tensors.at(name).shape() == shape, name, " has another shape");
    ++known;
  }
  require(known == net.weights.tensors.size(), "there are other weights");
  for (std::size_t i = 0; i < net.outputs.size(); ++i) {
    const auto values = static_cast<std::int64_t>(net.outputs[i].order.size());
    require(shapes.at(net.graph.outputs[i]).numel() == values, "an output has another size");
  }
  std::string written;
  try {
    written = exchange::to_onnx(net.graph, net.weights);
  } catch (const ArgumentError&) {
    return;  // names that meet, or norms of rows of channels
  }
  const exchange::OnnxNet again = exchange::parse_onnx(written, "net.onnx");
  for (std::size_t i = 0; i < net.outputs.size(); ++i) {
    require(shapes_of(again.graph).at(again.graph.outputs[i]).numel() ==
                shapes.at(net.graph.outputs[i]).numel(),
            "an output has another size once written");
  }
}

std::vector<std::string> seeds() {
  const OnnxFile image = OnnxFile().input("x", {-1, 2, 4, 4});
  return {OnnxFile(image)
              .floats("c.weight", {2, 2, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8})
              .floats("c.bias", {2}, {1, 2})
              .node("Conv", {"x", "c.weight", "c.bias"}, {"c"},
                    {onnx_attribute("pads", Ints{0, 1, 0, 0})}, "/c/Conv")
              .floats("n", {2}, {1, 2})
              .node("BatchNormalization", {"c", "n", "n", "n", "n"}, {"b"},
                    {onnx_attribute("momentum", 0.9f)})
              .node("MaxPool", {"b"}, {"p"},
                    {onnx_attribute("kernel_shape", Ints{2, 2}),
                     onnx_attribute("strides", Ints{2, 2}), onnx_attribute("auto_pad", "VALID")})
              .node("Flatten", {"p"}, {"f"})
              .floats("w", {8, 1}, {1, 2, 3, 4, 5, 6, 7, 8})
              .node("MatMul", {"f", "w"}, {"m"})
              .node("Add", {"m", "one"}, {"y"})
              .floats("one", {1}, {1})
              .output("y", {-1, 1})
              .metadata("k", "v")
              .bytes(),
          OnnxFile(image)
              .node("Shape", {"x"}, {"s"})
              .integers("first", {0})
              .node("Gather", {"s", "first"}, {"n"})
              .integers("rest", {-1})
              .node("Concat", {"n", "rest"}, {"to"}, {onnx_attribute("axis", std::int64_t{0})})
              .node("Reshape", {"x", "to"}, {"f"})
              .node("Sigmoid", {"f"}, {"g"})
              .node("Mul", {"f", "g"}, {"y"})
              .output("y")
              .bytes(),
          OnnxFile(image)
              .integers("groups", {0, 2, -1})
              .floats("ones", {2}, {1, 1})
              .node("Reshape", {"x", "groups"}, {"a"})
              .node("InstanceNormalization", {"a", "ones", "ones"}, {"b"})
              .integers("back", {0, 2, 4, 4})
              .node("Reshape", {"b", "back"}, {"c"})
              .node("Transpose", {"c"}, {"d"}, {onnx_attribute("perm", Ints{0, 2, 3, 1})})
              .node("LayerNormalization", {"d", "ones", "ones"}, {"y"})
              .output("y", {-1, 4, 4, 2})
              .bytes(),
          OnnxFile()
              .input("x", {-1, 3})
              .input("z", {-1, 3})
              .floats("low", {}, {-1})
              .node("Clip", {"x", "low"}, {"a"})
              .node("Concat", {"a", "z"}, {"b"}, {onnx_attribute("axis", std::int64_t{1})})
              .integers("zero", {0})
              .integers("two", {2})
              .integers("axis", {1})
              .node("Slice", {"b", "zero", "two", "axis"}, {"y"})
              .output("y")
              .bytes()};
}

}  // namespace

const Reader kOnnx{.name = "onnx", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
