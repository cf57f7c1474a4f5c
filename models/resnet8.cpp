// SPDX-License-Identifier: MIT
#include "joule/models/models.h"
#include "joule/models/same_conv.h"

namespace joule {
namespace {

/// Two convolutions beside the identity, or beside a 1x1 convolution where the channels change.
nn::Residual tiny_block(std::int64_t in, std::int64_t out, std::int64_t stride, Size2& image) {
  nn::Sequential main;
  Size2 shortcut_image = image;
  add_same_conv(main, "conv1", {.in = in, .out = out, .stride = stride}, image);
  add_norm_and_relu(main, "conv1", out);
  add_same_conv(main, "conv2", {.in = out, .out = out}, image);
  main.add("conv2_norm", keras_batch_norm(out));
  if (in == out && stride == 1) return nn::Residual(std::move(main));
  nn::Sequential shortcut;
  add_same_conv(shortcut, "conv", {.in = in, .out = out, .kernel = 1, .stride = stride},
                shortcut_image);
  return nn::Residual(std::move(main), std::move(shortcut));
}

}  // namespace

nn::Sequential resnet8(const ModelSpec& spec) {
  nn::Sequential net;
  Size2 image = spec.image;
  add_same_conv(net, "conv1", {.in = spec.channels, .out = 16}, image);
  add_norm_and_relu(net, "conv1", 16);
  net.add("block1", tiny_block(16, 16, 1, image)).add("block1_relu", nn::ReLU());
  net.add("block2", tiny_block(16, 32, 2, image)).add("block2_relu", nn::ReLU());
  net.add("block3", tiny_block(32, 64, 2, image)).add("block3_relu", nn::ReLU());
  net.add("pool", nn::GlobalAvgPool()).add("linear", nn::Linear(64, spec.classes));
  return net;
}

}  // namespace joule
