// SPDX-License-Identifier: MIT
//
// Joule's side of the tests that compare ONNX files with ONNX Runtime:
//   onnx_peer run FILE.onnx IN.safetensors OUT.safetensors   the inputs and outputs by name, in
//                                                            ONNX's layout, the batch in front
//   onnx_peer write NAME SIDE CHANNELS FILE.onnx             a named net with random weights
//   onnx_peer layers FILE.onnx                               every kind of layer that there is
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "joule/core/random.h"
#include "joule/exchange/onnx/export.h"
#include "joule/exchange/onnx/import.h"
#include "joule/io/atomic_file.h"
#include "joule/io/safetensors.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/net.h"
#include "joule/models/models.h"
#include "joule/tests/support/every_kind.h"
#include "joule/tests/support/onnx_run.h"

using namespace joule;

namespace {

void run(const std::string& file, const std::string& in, const std::string& out) {
  const exchange::OnnxNet read = exchange::import_onnx(file);
  const State given = load_safetensors(in, {.layout = WeightLayout::ohwi});
  std::vector<Tensor> inputs;
  for (const exchange::OnnxPort& port : read.inputs) inputs.push_back(given.tensors.at(port.name));
  State result;
  for (const Tensor& output : test::run_onnx(read, inputs)) {
    result.tensors[read.outputs[result.tensors.size()].name] = output;
  }
  save_safetensors(out, result);
}

void write(nn::Module& net, const Shape& image, const std::string& name, const std::string& file) {
  write_file_atomically(file, exchange::to_onnx(nn::graph_of(net, image, name), net.state()));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.size() == 4 && args[0] == "run") {
      run(args[1], args[2], args[3]);
    } else if (args.size() == 5 && args[0] == "write") {
      manual_seed(1);
      const std::int64_t side = std::stoll(args[2]), channels = std::stoll(args[3]);
      nn::Sequential net = make_model({.name = args[1], .image = side, .channels = channels});
      test::randomise(net);
      write(net, {side, side, channels}, args[1], args[4]);
    } else if (args.size() == 2 && args[0] == "layers") {
      manual_seed(2);
      const nn::Graph graph = test::every_kind();
      nn::Net net(graph);
      test::randomise(net);
      write_file_atomically(args[1], exchange::to_onnx(graph, net.state()));
    } else {
      std::cerr << "onnx_peer: run, write or layers\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
  return 0;
}
