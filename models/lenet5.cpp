// SPDX-License-Identifier: MIT
#include "joule/layers/modules.h"
#include "joule/models/models.h"

namespace joule {

nn::Sequential lenet5(const ModelSpec& spec) {
  require(spec.image.h >= 12 && spec.image.w >= 12,
          "lenet5: expects images of at least 12x12, got ", spec.image);
  const auto padding = [](std::int64_t side) -> std::int64_t { return side < 32 ? 2 : 0; };
  const Size2 pad(padding(spec.image.h), padding(spec.image.w));
  // A 5x5 convolution takes 4 from each side, a pool halves what is left.
  const auto left = [&](std::int64_t side) { return ((side + 2 * padding(side) - 4) / 2 - 4) / 2; };
  nn::Sequential net;
  net.add("conv1", nn::Conv2d({.in = spec.channels, .out = 6, .kernel = 5, .padding = pad}))
      .add("relu1", nn::ReLU())
      .add("pool1", nn::AvgPool2d(2))
      .add("conv2", nn::Conv2d({.in = 6, .out = 16, .kernel = 5}))
      .add("relu2", nn::ReLU())
      .add("pool2", nn::AvgPool2d(2))
      .add("flatten", nn::Flatten())
      .add("linear1", nn::Linear(16 * left(spec.image.h) * left(spec.image.w), 120))
      .add("relu3", nn::ReLU())
      .add("linear2", nn::Linear(120, 84))
      .add("relu4", nn::ReLU())
      .add("linear3", nn::Linear(84, spec.classes));
  return net;
}

}  // namespace joule
