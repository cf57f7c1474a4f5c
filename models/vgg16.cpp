// SPDX-License-Identifier: MIT
#include <array>

#include "joule/layers/modules.h"
#include "joule/models/models.h"

namespace joule {

nn::Sequential vgg16(const ModelSpec& spec) {
  require(spec.image.h % 32 == 0 && spec.image.w % 32 == 0,
          "vgg16: expects images whose sides are multiples of 32, got ", spec.image);
  struct Group {
    std::int64_t width;
    int convolutions;
  };
  constexpr std::array<Group, 5> kGroups{{{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}};
  nn::Sequential net;
  std::int64_t in = spec.channels;
  int convolution = 0, pool = 0;
  for (const Group& group : kGroups) {
    for (int i = 0; i < group.convolutions; ++i) {
      const std::string number = std::to_string(++convolution);
      net.add("conv" + number, nn::Conv2d({.in = in, .out = group.width, .padding = 1}))
          .add("norm" + number, nn::BatchNorm(group.width))
          .add("relu" + number, nn::ReLU());
      in = group.width;
    }
    net.add("pool" + std::to_string(++pool), nn::MaxPool2d(2));
  }
  const Size2 left(spec.image.h / 32, spec.image.w / 32);
  if (left != Size2(1)) net.add("pool6", nn::MaxPool2d(left));
  net.add("flatten", nn::Flatten()).add("linear", nn::Linear(in, spec.classes));
  return net;
}

}  // namespace joule
