// SPDX-License-Identifier: MIT
#include "joule/models/same_conv.h"

#include <algorithm>

#include "joule/layers/padding.h"

namespace joule {
namespace {

/// All the zeros along one axis, before and behind.
std::int64_t zeros_along(std::int64_t in, std::int64_t kernel, std::int64_t stride) {
  const std::int64_t out = (in + stride - 1) / stride;
  return std::max<std::int64_t>(0, (out - 1) * stride + kernel - in);
}

}  // namespace

void add_same_conv(nn::Sequential& net, const std::string& name, nn::Conv2dOptions options,
                   Size2& image) {
  const Size2 stride = options.stride;
  const Size2 zeros{zeros_along(image.h, options.kernel.h, stride.h),
                    zeros_along(image.w, options.kernel.w, stride.w)};
  const Size2 before{zeros.h / 2, zeros.w / 2};
  const Size2 behind{zeros.h - before.h, zeros.w - before.w};
  if (before == behind) {
    options.padding = before;
  } else {
    net.add(name + "_pad", nn::Pad2d(before, behind));
  }
  net.add(name, nn::Conv2d(options));
  image = {(image.h + stride.h - 1) / stride.h, (image.w + stride.w - 1) / stride.w};
}

nn::BatchNorm keras_batch_norm(std::int64_t channels) {
  return nn::BatchNorm(channels, {.epsilon = 1e-3f, .momentum = 0.01f});
}

void add_norm_and_relu(nn::Sequential& net, const std::string& name, std::int64_t channels) {
  net.add(name + "_norm", keras_batch_norm(channels)).add(name + "_relu", nn::ReLU());
}

void add_separable_conv(nn::Sequential& net, int number, std::int64_t in, std::int64_t out,
                        std::int64_t stride, Size2& image) {
  const std::string depthwise = str("depthwise", number), pointwise = str("pointwise", number);
  add_same_conv(net, depthwise, {.in = in, .out = in, .stride = stride, .groups = in}, image);
  add_norm_and_relu(net, depthwise, in);
  add_same_conv(net, pointwise, {.in = in, .out = out, .kernel = 1}, image);
  add_norm_and_relu(net, pointwise, out);
}

}  // namespace joule
