// SPDX-License-Identifier: MIT
#include <array>

#include "joule/layers/modules.h"
#include "joule/models/models.h"

namespace joule {
namespace {

/// A convolution that keeps the size but for the stride; batch norm follows, so it has no bias.
nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return nn::Conv2d({.in = in,
                     .out = out,
                     .kernel = kernel,
                     .stride = stride,
                     .padding = kernel / 2,
                     .bias = false,
                     .init = Init::he_normal_out});
}

nn::Residual basic_block(std::int64_t in, std::int64_t out, std::int64_t stride) {
  nn::Sequential main;
  main.add("conv1", conv(in, out, 3, stride))
      .add("norm1", nn::BatchNorm(out))
      .add("relu1", nn::ReLU())
      .add("conv2", conv(out, out, 3, 1))
      .add("norm2", nn::BatchNorm(out));
  if (in == out && stride == 1) return nn::Residual(std::move(main));
  nn::Sequential shortcut;
  shortcut.add("conv", conv(in, out, 1, stride)).add("norm", nn::BatchNorm(out));
  return nn::Residual(std::move(main), std::move(shortcut));
}

}  // namespace

nn::Sequential resnet18(const ModelSpec& spec) {
  const bool large = spec.image.h >= 64 && spec.image.w >= 64;
  nn::Sequential net;
  net.add("conv1", conv(spec.channels, 64, large ? 7 : 3, large ? 2 : 1))
      .add("norm1", nn::BatchNorm(64))
      .add("relu1", nn::ReLU());
  constexpr std::array<std::int64_t, 4> kWidths{64, 128, 256, 512};
  std::int64_t in = kWidths[0];
  int block = 0;
  for (const std::int64_t width : kWidths) {
    for (int i = 0; i < 2; ++i) {
      const std::string number = std::to_string(++block);
      net.add("block" + number, basic_block(in, width, i == 0 && width != in ? 2 : 1))
          .add("block" + number + "_relu", nn::ReLU());
      in = width;
    }
  }
  net.add("pool", nn::GlobalAvgPool()).add("linear", nn::Linear(in, spec.classes));
  return net;
}

}  // namespace joule
