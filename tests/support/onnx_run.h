// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/core/error.h"
#include "joule/exchange/onnx/import.h"
#include "joule/layers/graph/net.h"
#include "joule/tests/support/onnx_bytes.h"

namespace joule::test {

inline Shape with_batch(std::int64_t batch, const std::vector<std::int64_t>& behind) {
  std::vector<std::int64_t> dims{batch};
  dims.insert(dims.end(), behind.begin(), behind.end());
  return Shape(dims);
}

/// The outputs of a net from an ONNX file, from inputs as the file has them, both with the batch in
/// front and in its order.
inline std::vector<Tensor> run_onnx(const exchange::OnnxNet& read,
                                    const std::vector<Tensor>& given) {
  nn::Net net(read.graph);
  net.load_state(read.weights);
  net.eval();
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < read.inputs.size(); ++i) {
    const auto& order = read.inputs[i].order;
    const auto size = static_cast<std::int64_t>(order.size());
    const Shape& own = read.graph.inputs[i].shape;
    const Tensor x(with_batch(given[i].numel() / size, {own.begin(), own.end()}));
    for (std::int64_t k = 0; k < x.numel(); ++k) {
      x.mutable_data<float>()[k] =
          given[i].data<float>()[k - k % size + order[static_cast<std::size_t>(k % size)]];
    }
    inputs.push_back(x);
  }
  const NoGrad no_grad;
  std::vector<Tensor> results;
  for (const Tensor& y : net.run(inputs)) {
    const exchange::OnnxPort& port = read.outputs[results.size()];
    const auto size = static_cast<std::int64_t>(port.order.size());
    const Tensor there(with_batch(y.numel() / size, port.dims));
    for (std::int64_t k = 0; k < y.numel(); ++k) {
      there.mutable_data<float>()[k - k % size + port.order[static_cast<std::size_t>(k % size)]] =
          y.data<float>()[k];
    }
    results.push_back(there);
  }
  return results;
}

inline exchange::OnnxNet read(const OnnxFile& file) {
  return exchange::parse_onnx(file.bytes(), "net.onnx");
}

inline std::string refusal(const std::string& bytes) {
  try {
    exchange::parse_onnx(bytes, "net.onnx");
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}
inline std::string refusal(const OnnxFile& file) { return refusal(file.bytes()); }

/// The kinds of the layers, in order.
inline std::string layers(const exchange::OnnxNet& net) {
  std::string text;
  for (const nn::Node& node : net.graph.nodes) text += (text.empty() ? "" : " ") + node.kind;
  return text;
}

inline Floats counting(std::int64_t count, float first = 0, float step = 1) {
  Floats values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(first + step * static_cast<float>(i));
  return values;
}

/// What the file's only output is for these inputs.
inline Floats outputs(const OnnxFile& file, const std::vector<Tensor>& inputs) {
  const Tensor y = run_onnx(read(file), inputs).at(0);
  return {y.values<float>().begin(), y.values<float>().end()};
}
inline Floats outputs(const OnnxFile& file, const Floats& x, const Shape& shape) {
  return outputs(file, {Tensor::from(x, shape)});
}

/// A node of one operator between images [N,2,2,3] and whatever it puts out.
inline OnnxFile one(const std::string& op, const std::vector<Message>& attributes = {},
                    int opset = 17) {
  return OnnxFile(opset).input("x", {-1, 2, 2, 3}).node(op, {"x"}, {"y"}, attributes).output("y");
}
inline const Floats kX = counting(12, -5);
inline const Shape kShape{1, 2, 2, 3};

}  // namespace joule::test
