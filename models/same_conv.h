// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/core/shape.h"
#include "joule/layers/containers.h"
#include "joule/layers/modules.h"

// What the convolutional nets of MLPerf Tiny share.
namespace joule {

/// Adds to `net` a convolution of images of `image` pixels with so many zeros around them that it
/// puts out ceil(image / stride) pixels, which `image` is then.  Where the zeros cannot be as many
/// behind as before, there is one more behind: a Pad2d named `name`_pad.
///
/// Source    padding="same" of TensorFlow and Keras.
void add_same_conv(nn::Sequential& net, const std::string& name, nn::Conv2dOptions options,
                   Size2& image);

/// `name`_norm, a batch norm with the presets of Keras, and `name`_relu.
void add_norm_and_relu(nn::Sequential& net, const std::string& name, std::int64_t channels);

/// A BatchNorm with the presets of Keras: epsilon .001, momentum .01 (there: .99).
nn::BatchNorm keras_batch_norm(std::int64_t channels);

/// A convolution that is 3x3 and depthwise, and one that is 1x1, each with norm and ReLU:
/// depthwise`number`, pointwise`number`.
void add_separable_conv(nn::Sequential& net, int number, std::int64_t in, std::int64_t out,
                        std::int64_t stride, Size2& image);

}  // namespace joule
