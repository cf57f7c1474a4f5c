// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/exchange/onnx/import.h"
#include "joule/layers/graph/net.h"

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

}  // namespace joule::test
