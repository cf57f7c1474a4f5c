// SPDX-License-Identifier: MIT
#include "joule/layers/modules.h"
#include "joule/models/models.h"

namespace joule {

nn::Sequential small_cnn(const ModelSpec& spec) {
  require(spec.image.h >= 4 && spec.image.w >= 4, "small-cnn: expects images of at least 4x4, got ",
          spec.image);
  const std::int64_t features = 128 * (spec.image.h / 4) * (spec.image.w / 4);
  nn::Sequential net;
  net.add("conv1", nn::Conv2d({.in = spec.channels, .out = 32, .padding = 1}))
      .add("relu1", nn::ReLU())
      .add("conv2", nn::Conv2d({.in = 32, .out = 64, .padding = 1}))
      .add("relu2", nn::ReLU())
      .add("pool1", nn::MaxPool2d(2))
      .add("conv3", nn::Conv2d({.in = 64, .out = 128, .padding = 1}))
      .add("relu3", nn::ReLU())
      .add("pool2", nn::MaxPool2d(2))
      .add("flatten", nn::Flatten())
      .add("linear1", nn::Linear(features, 128))
      .add("relu4", nn::ReLU())
      .add("linear2", nn::Linear(128, spec.classes));
  return net;
}

}  // namespace joule
