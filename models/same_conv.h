// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/core/shape.h"
#include "joule/layers/containers.h"
#include "joule/layers/modules.h"

// What the convolutional nets of MLPerf Tiny share.
namespace joule {

/// Adds to `net` a convolution for images of `image` pixels, padded so that it has ceil(image /
/// stride) output pixels; sets `image` to those.  If the padding cannot be equal on both sides,
/// there is one more zero behind: a Pad2d named `name`_pad.
///
/// Source    padding="same" of TensorFlow and Keras.
void add_same_conv(nn::Sequential& net, const std::string& name, nn::Conv2dOptions options,
                   Size2& image);

/// Adds `name`_norm, a batch norm with Keras's defaults, and `name`_relu.
void add_norm_and_relu(nn::Sequential& net, const std::string& name, std::int64_t channels);

/// A BatchNorm with Keras's defaults: epsilon .001, momentum .01 (Keras calls it .99).
nn::BatchNorm keras_batch_norm(std::int64_t channels);

/// Adds a 3x3 depthwise convolution and a 1x1 convolution, each with norm and ReLU:
/// depthwise`number`, pointwise`number`.
void add_separable_conv(nn::Sequential& net, int number, std::int64_t in, std::int64_t out,
                        std::int64_t stride, Size2& image);

}  // namespace joule
