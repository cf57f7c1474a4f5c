// SPDX-License-Identifier: MIT
#include "joule/layers/modules.h"
#include "joule/models/linear_stack.h"
#include "joule/models/models.h"

namespace joule {

nn::Sequential simple_cnn(const ModelSpec& spec, const SimpleCnnOptions& options) {
  const std::int64_t blocks = options.blocks;
  require(blocks >= 1 && blocks <= kMostConvBlocks, spec.name, ": expected from 1 to ",
          kMostConvBlocks, " blocks of convolutions, got ", blocks);
  const std::int64_t side = std::int64_t{1} << blocks;  // each pool halves the sides
  require(spec.image.h >= side && spec.image.w >= side, spec.name, ": expects images of at least ",
          Size2(side), ", got ", spec.image);
  nn::Sequential net;
  std::int64_t channels = spec.channels;
  for (std::int64_t block = 1; block <= blocks; ++block) {
    net.add(str("conv", block), nn::Conv2d({.in = channels, .out = 3 * channels, .padding = 1}))
        .add(str("norm", block), nn::BatchNorm(3 * channels));
    if (options.relu) net.add(str("relu", block), nn::ReLU());
    net.add(str("pool", block), nn::MaxPool2d(2));
    channels *= 3;
  }
  net.add("flatten", nn::Flatten());
  add_linear_layers(net, channels * (spec.image.h / side) * (spec.image.w / side),
                    halving_widths(spec, options.linear_layers), options.linear_init);
  return net;
}

}  // namespace joule
