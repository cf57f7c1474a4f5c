// SPDX-License-Identifier: MIT
//
// Joule's side of pytorch_module_test.py:
//   pytorch_peer NAME SIDE CHANNELS FOLDER   a named net with random weights
//   pytorch_peer layers FOLDER               a net of every kind of layer that there is
// writes FOLDER/net.py and net.safetensors, and in.safetensors and out.safetensors with inputs and
// outputs by name, as Joule has them.
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/core/random.h"
#include "joule/exchange/pytorch/export.h"
#include "joule/io/atomic_file.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/net.h"
#include "joule/models/models.h"
#include "joule/tests/support/every_kind.h"
#include "joule/tests/support/test_tensors.h"

using namespace joule;

namespace {

void write(const nn::Graph& graph, const std::string& folder) {
  nn::Net net(graph);
  test::randomise(net);
  net.eval();
  const exchange::PytorchNet written = exchange::to_pytorch(graph, net.state(), {{"note", "a\"b"}});
  write_file_atomically(folder + "/net.py", written.source);
  save_safetensors(folder + "/net.safetensors", written.weights, written.save);
  State in, out;
  std::vector<Tensor> inputs;
  for (const nn::GraphInput& input : graph.inputs) {
    std::vector<std::int64_t> shape{3};
    shape.insert(shape.end(), input.shape.begin(), input.shape.end());
    inputs.push_back(test::random_tensor(Shape(shape), 5));
    in.tensors[input.name] = inputs.back();
  }
  const NoGrad guard;
  const std::vector<Tensor> outputs = net.run(inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) out.tensors[graph.outputs[i]] = outputs[i];
  save_safetensors(folder + "/in.safetensors", in);
  save_safetensors(folder + "/out.safetensors", out);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.size() == 4) {
      manual_seed(1);
      const std::int64_t side = std::stoll(args[1]), channels = std::stoll(args[2]);
      nn::Sequential net = make_model({.name = args[0], .image = side, .channels = channels});
      write(nn::graph_of(net, {side, side, channels}, args[0]), args[3]);
    } else if (args.size() == 2 && args[0] == "layers") {
      manual_seed(2);
      write(nn::checked(test::every_kind()), args[1]);
    } else {
      std::cerr << "pytorch_peer: NAME SIDE CHANNELS FOLDER, or layers FOLDER\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
  return 0;
}
