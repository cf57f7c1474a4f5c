// SPDX-License-Identifier: MIT
#include <array>
#include <utility>

#include "joule/models/models.h"
#include "joule/models/same_conv.h"

namespace joule {

nn::Sequential mobilenet_v1(const ModelSpec& spec) {
  // A quarter of the paper's channels: those that a block puts out, and its stride.
  constexpr std::array<std::pair<std::int64_t, std::int64_t>, 13> kBlocks{{{16, 1},
                                                                           {32, 2},
                                                                           {32, 1},
                                                                           {64, 2},
                                                                           {64, 1},
                                                                           {128, 2},
                                                                           {128, 1},
                                                                           {128, 1},
                                                                           {128, 1},
                                                                           {128, 1},
                                                                           {128, 1},
                                                                           {256, 2},
                                                                           {256, 1}}};
  std::int64_t channels = 8;
  nn::Sequential net;
  Size2 image = spec.image;
  add_same_conv(net, "conv1", {.in = spec.channels, .out = channels, .stride = 2}, image);
  add_norm_and_relu(net, "conv1", channels);
  int number = 0;
  for (const auto& [out, stride] : kBlocks) {
    add_separable_conv(net, ++number, channels, out, stride, image);
    channels = out;
  }
  net.add("pool", nn::GlobalAvgPool()).add("linear", nn::Linear(channels, spec.classes));
  return net;
}

}  // namespace joule
