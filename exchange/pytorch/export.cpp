// SPDX-License-Identifier: MIT
#include "joule/exchange/pytorch/export.h"

#include <utility>

#include "joule/core/version.h"
#include "joule/exchange/channel_order.h"
#include "joule/exchange/pytorch/module_text.h"

namespace joule::exchange {
namespace {

/// Text inside a docstring.
std::string in_docstring(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c == '"' || c == '\\') plain += '\\';
    plain += c == '\n' ? ' ' : c;
  }
  return plain;
}

}  // namespace

PytorchNet to_pytorch(const nn::Graph& graph, const State& weights,
                      const std::map<std::string, std::string>& notes) {
  const nn::Graph net = nn::checked(graph);
  const std::map<std::string, Shape> shapes = shapes_of(net);
  const ChannelOrder order = channel_order(net, shapes);
  std::string source = "\"\"\"" + in_docstring(net.name) + ", written by Joule " +
                       std::string(version()) +
                       ".\n\n"
                       "  from safetensors.torch import load_file\n"
                       "  net = Net()\n"
                       "  net.load_state_dict(load_file(WEIGHTS), strict=True)\n"
                       "  net.eval()\n\n"
                       "Images are [N,C,H,W].\n";
  for (const auto& [name, value] : notes) {
    source += in_docstring(name) + ": " + in_docstring(value) + "\n";
  }
  source +=
      "\"\"\"\n\n"
      "import torch\n"
      "import torch.nn.functional as F\n"
      "from torch import nn\n\n\n" +
      ModuleText(net, shapes, order).text();
  return {.source = std::move(source),
          .weights = {.tensors = own_weights(net, weights.tensors, "pytorch"),
                      .values = {{"format", "pt"}}},
          .save = {.layout = WeightLayout::oihw, .flattened = order.readers}};
}

}  // namespace joule::exchange
