// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/core/random.h"
#include "joule/layers/graph/graph.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/module.h"

namespace joule::test {

/// Parameters and statistics that hide no mistake: no zeros, ones or symmetries.
inline void randomise(nn::Module& net) {
  Generator generator(7);
  for (const auto& named : {net.parameters(), net.buffers()}) {
    for (const auto& [name, tensor] : named) {
      const auto values = static_cast<std::size_t>(tensor.numel());
      float* const data = tensor.mutable_data<float>();
      generator.uniform({data, values});
      const bool plain = tensor.shape().rank() == 1;
      const float scale = plain ? 1.0f : 2.0f / static_cast<float>(tensor.numel() / tensor.dim(0));
      for (std::size_t i = 0; i < values; ++i) {
        data[i] = plain ? 0.5f + data[i] : (data[i] - 0.4f) * scale;
      }
    }
  }
}

/// A net of images [9,8,3] with the outputs [6], [7,4,6] and [180] that has every built-in kind,
/// with attributes that are not the presets.
inline nn::Graph every_kind() {
  using nn::Attributes;
  const auto list = [](std::int64_t a, std::int64_t b) {
    return nn::Attribute(std::vector<std::int64_t>{a, b});
  };
  const auto numbers = [](std::vector<std::int64_t> values) { return nn::Attribute(values); };
  const auto n = [](std::int64_t value) { return nn::Attribute(value); };
  nn::Graph g{.name = "every-kind", .inputs = {{"image", {9, 8, 3}}}};
  const auto add = [&](const char* name, const char* kind, std::vector<std::string> inputs,
                       const Attributes& attributes = {}) {
    g.nodes.push_back({name, kind, attributes, std::move(inputs)});
  };
  add("pad", "Pad2d", {"image"}, {{"padding", std::vector<std::int64_t>{1, 0, -1, 2}}});
  add("conv", "Conv2d", {"pad"},
      {{"in", n(3)},
       {"out", n(6)},
       {"kernel", list(3, 2)},
       {"stride", list(1, 1)},
       {"padding", list(1, 1)},
       {"dilation", list(1, 2)},
       {"groups", n(3)}});
  add("norm", "BatchNorm", {"conv"}, {{"channels", n(6)}, {"epsilon", 1e-3}, {"momentum", 0.25}});
  add("relu", "ReLU", {"norm"}, {{"threshold", 0.25}});
  add("sigmoid", "Sigmoid", {"conv"});
  add("tanh", "Tanh", {"sigmoid"});
  add("sum", "Add", {"relu", "sigmoid", "tanh"});
  add("two", "Add", {"sum", "conv"});
  add("max", "MaxPool2d", {"two"},
      {{"kernel", list(3, 2)},
       {"stride", list(2, 2)},
       {"padding", list(1, 0)},
       {"ceil_mode", true}});
  add("mean", "AvgPool2d", {"two"},
      {{"kernel", list(3, 2)},
       {"stride", list(2, 2)},
       {"padding", list(1, 0)},
       {"ceil_mode", true},
       {"count_include_pad", true}});
  add("both", "Concat", {"max", "mean"});
  add("some", "Slice", {"both"}, {{"first", n(2)}, {"count", n(8)}});
  add("groups", "GroupNorm", {"some"}, {{"groups", n(4)}, {"channels", n(8)}, {"epsilon", 1e-3}});
  add("gelu", "GELU", {"groups"});
  add("layer", "LayerNorm", {"gelu"}, {{"channels", n(8)}, {"epsilon", 1e-3}});
  add("silu", "SiLU", {"layer"});
  add("pooled", "GlobalAvgPool", {"silu"});
  add("squeeze", "Linear", {"pooled"}, {{"in", n(8)}, {"out", n(8)}});
  add("swish", "HardSwish", {"squeeze"});
  add("gated", "Mul", {"silu", "swish"});
  add("less", "Sub", {"gated", "pooled"});
  add("ratio", "Div", {"less", "layer_positive"});
  add("layer_positive", "Sigmoid", {"layer"});
  add("clip", "Clip", {"ratio"}, {{"min", -0.75}, {"max", 1.5}});
  add("leaky", "LeakyReLU", {"clip"}, {{"slope", 0.2}});
  add("elu", "ELU", {"leaky"}, {{"alpha", 0.7}});
  add("erf", "Erf", {"elu"});
  add("taller", "ResizeNearest", {"erf"}, {{"rows", numbers({2})}, {"columns", numbers({1})}});
  add("picked", "ResizeNearest", {"taller"},
      {{"rows", numbers({1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1})},
       {"columns", numbers({0, 2, 1, 1, 1})}});
  add("up", "ConvTranspose2d", {"picked"},
      {{"in", n(8)},
       {"out", n(6)},
       {"kernel", list(3, 2)},
       {"stride", list(2, 1)},
       {"padding", list(1, 0)},
       {"output_padding", list(1, 0)},
       {"groups", n(2)},
       {"bias", false}});
  add("classes", "Softmax", {"up"});
  add("small", "AvgPool2d", {"classes"},
      {{"kernel", list(2, 2)},
       {"stride", list(2, 2)},
       {"count_include_pad", false},
       {"padding", list(1, 1)}});
  add("flat", "Flatten", {"small"});
  add("flat_norm", "BatchNorm", {"flat"}, {{"channels", n(168)}});
  add("dropped", "Dropout", {"flat_norm"}, {{"probability", 0.25}});
  add("head", "Linear", {"dropped"}, {{"in", n(168)}, {"out", n(6)}, {"bias", false}});
  add("own_order", "Flatten", {"max"});
  add("own_softmax", "Softmax", {"own_order"});
  g.outputs = {"head", "small", "own_softmax"};
  return g;
}

}  // namespace joule::test
