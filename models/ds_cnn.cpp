// SPDX-License-Identifier: MIT
#include "joule/models/models.h"
#include "joule/models/same_conv.h"

namespace joule {

nn::Sequential ds_cnn(const ModelSpec& spec) {
  require(spec.image.h >= 2 && spec.image.w >= 2, "ds-cnn: expects images of at least 2x2, got ",
          spec.image);
  constexpr std::int64_t kFilters = 64;
  nn::Sequential net;
  Size2 image = spec.image;
  add_same_conv(net, "conv1",
                {.in = spec.channels, .out = kFilters, .kernel = {10, 4}, .stride = 2}, image);
  add_norm_and_relu(net, "conv1", kFilters);
  net.add("dropout1", nn::Dropout(0.2f));
  for (int i = 1; i <= 4; ++i) add_separable_conv(net, i, kFilters, kFilters, 1, image);
  const Size2 window{spec.image.h / 2, spec.image.w / 2};
  const std::int64_t pooled = image.h / window.h * (image.w / window.w);
  net.add("dropout2", nn::Dropout(0.4f))
      .add("pool", nn::AvgPool2d(window))
      .add("flatten", nn::Flatten())
      .add("linear", nn::Linear(kFilters * pooled, spec.classes));
  return net;
}

}  // namespace joule
