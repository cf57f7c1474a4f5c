// SPDX-License-Identifier: MIT
#include "joule/training/macs_saved.h"

#include "joule/core/error.h"
#include "joule/energy/ledger.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/kinds.h"
#include "joule/training/inference.h"

namespace joule::training {
namespace {

/// The MACs of one image, by layer.
std::map<std::string, double, std::less<>> macs_of(nn::Module& net, const Shape& image) {
  const Inference inference(net);
  energy::Ledger ledger;
  {
    const energy::Recording recording(ledger);
    net(Tensor::zeros({1, image[0], image[1], image[2]}, DType::f32, net.device()));
  }
  std::map<std::string, double, std::less<>> macs;
  for (const auto& line : ledger.lines()) {
    macs[std::string(line.run.scope.layer)] += static_cast<double>(line.work.macs);
  }
  return macs;
}

nn::ReadZeros fate_of_zeros(const nn::Node& node) {
  const nn::Kind* const kind = nn::find_kind(node.kind);
  require(kind && kind->zeros != nn::ReadZeros::unknown, "l0_weights: layer ", node.name, " is a ",
          node.kind, ": what becomes of the zeros that it reads is unknown",
          kind ? "" : "; register_kind() can say");
  return kind->zeros;
}

}  // namespace

std::map<std::string, double, std::less<>> macs_saved(nn::Module& net, const Shape& image) {
  const nn::Graph graph = nn::graph_of(net, image, "net");
  const std::map<std::string, Shape> shapes = nn::shapes_of(graph);
  const auto macs = macs_of(net, image);
  const auto numel = [&](const std::string& value) {
    return static_cast<double>(shapes.at(value).numel());
  };
  std::map<std::string, double, std::less<>> saved;
  for (const nn::Node& node : graph.nodes) saved[node.name] = 0;
  // A layer is reached after all that read it.
  for (auto at = graph.nodes.rbegin(); at != graph.nodes.rend(); ++at) {
    const nn::Node& node = *at;
    const nn::ReadZeros zeros = fate_of_zeros(node);
    double of_all = 0, read = 0;
    if (zeros == nn::ReadZeros::save) {
      const auto own = macs.find(node.name);
      of_all = own == macs.end() ? 0 : own->second;
    } else if (zeros == nn::ReadZeros::pass) {
      of_all = saved[node.name];
    }
    for (const std::string& input : node.inputs) read += numel(input);
    for (const std::string& input : node.inputs) {
      // What the net itself reads is no layer's.
      if (const auto to = saved.find(input); to != saved.end()) {
        to->second += of_all * numel(input) / read;
      }
    }
  }
  return saved;
}

}  // namespace joule::training
