// SPDX-License-Identifier: MIT
#include "joule/layers/modules.h"
#include "joule/models/models.h"

namespace joule {

nn::Sequential simple_cnn(const ModelSpec& spec) {
  require(spec.image.h >= 4 && spec.image.w >= 4,
          "simple-cnn: expects images of at least 4x4, got ", spec.image);
  const std::int64_t c = spec.channels;
  const std::int64_t inputs = c * spec.image.h * spec.image.w;
  const std::int64_t features = 9 * c * (spec.image.h / 4) * (spec.image.w / 4);
  nn::Sequential net;
  net.add("conv1", nn::Conv2d({.in = c, .out = 3 * c, .padding = 1}))
      .add("norm1", nn::BatchNorm(3 * c))
      .add("relu1", nn::ReLU())
      .add("pool1", nn::MaxPool2d(2))
      .add("conv2", nn::Conv2d({.in = 3 * c, .out = 9 * c, .padding = 1}))
      .add("norm2", nn::BatchNorm(9 * c))
      .add("relu2", nn::ReLU())
      .add("pool2", nn::MaxPool2d(2))
      .add("flatten", nn::Flatten())
      .add("linear1", nn::Linear(features, inputs / 2))
      .add("linear2", nn::Linear(inputs / 2, inputs / 4))
      .add("linear3", nn::Linear(inputs / 4, spec.classes));
  return net;
}

}  // namespace joule
