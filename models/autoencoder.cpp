// SPDX-License-Identifier: MIT
#include "joule/models/models.h"
#include "joule/models/same_conv.h"

namespace joule {

nn::Sequential autoencoder(const ModelSpec& spec) {
  const std::int64_t values = spec.channels * spec.image.h * spec.image.w;
  require(spec.classes == values,
          "autoencoder: puts out as many values as it reads: expected classes=", values,
          " for images ", spec.image, "x", spec.channels, ", got ", spec.classes);
  nn::Sequential net;
  net.add("flatten", nn::Flatten());
  std::int64_t in = values;
  int number = 0;
  for (const std::int64_t out : {128, 128, 128, 128, 8, 128, 128, 128, 128}) {
    const std::string name = str("linear", ++number);
    net.add(name, nn::Linear(in, out));
    add_norm_and_relu(net, name, out);
    in = out;
  }
  net.add(str("linear", ++number), nn::Linear(in, values));
  return net;
}

}  // namespace joule
