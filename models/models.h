// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/shape.h"
#include "joule/layers/containers.h"
#include "joule/layers/init.h"

namespace joule {

/// A net, and the images that it is for; model files store it in their metadata.
struct ModelSpec {
  std::string name = "small-cnn";
  Size2 image = 28;
  std::int64_t channels = 1;
  std::int64_t classes = 10;
  friend bool operator==(const ModelSpec&, const ModelSpec&) = default;
};

/// The net `spec.name`, initialised from default_generator().  x [N,H,W,C] -> logits
/// [N, classes].
///
/// Errors    ArgumentError for an unknown name (the message lists the known ones), extents or
///           classes < 1, or images that are too small for the net.
nn::Sequential make_model(const ModelSpec& spec);

/// "autoencoder", "dense-linear", "dense-poly", "ds-cnn", "lenet5", "mobilenet-v1-0.25",
/// "resnet18", "resnet8", "simple-cnn", "small-cnn", "vgg16".
std::vector<std::string> model_names();

/// The net of that name as it is usually used: 32x32x3 and ten classes for resnet8, resnet18 and
/// vgg16, 96x96x3 and two for mobilenet-v1-0.25, 49x10x1 and twelve for ds-cnn, 1x640x1 and 640
/// values for autoencoder; 28x28x1 and ten for the others.
ModelSpec usual_spec(const std::string& name);

/// Whether make_model() knows the name: one of the above, or one that states the net's size:
/// dense-linear-N, dense-poly-N, and simple-cnn-M-N or simple-cnn-M-N-norelu with M blocks of
/// convolutions and N linear layers; their linear layers use Init::xavier_uniform.
bool is_model_name(std::string_view name);
/// The names that state a size, for people.
inline constexpr const char* kSizedModelNames =
    "dense-linear-N, dense-poly-N, simple-cnn-M-N, simple-cnn-M-N-norelu with M blocks of "
    "convolutions and N linear layers";

/// conv 32 - conv 64 - pool - conv 128 - pool - linear 128 - linear; every layer but the last is
/// followed by a ReLU, convolutions are 3x3 with padding 1, pools 2x2 maxima.
nn::Sequential small_cnn(const ModelSpec& spec);

/// conv 6 - pool - conv 16 - pool - linear 120 - linear 84 - linear; 5x5 convolutions, 2x2 average
/// pools, ReLUs.  Images smaller than 32 pixels are padded by 2, as LeNet's 32x32 came from 28x28.
///
/// Source    LeCun et al. 1998, with ReLU for tanh and a linear layer for the radial basis
/// functions.
nn::Sequential lenet5(const ModelSpec& spec);

/// Limits on the depth of the following nets.
inline constexpr std::int64_t kMostLinearLayers = 64, kMostConvBlocks = 8;

struct SimpleCnnOptions {
  std::int64_t blocks = 2;
  std::int64_t linear_layers = 3;
  bool relu = true;  // in each block
  /// Of the linear layers.  The default is far too large for several linear layers without
  /// activations; it stays because the net named simple-cnn has always used it.
  Init linear_init = Init::he_normal;
};

/// Blocks [conv 3x3 - batch norm - ReLU - max pool 2] with channels * 3, channels * 9, ... outputs,
/// then the linear layers of dense_poly().
///
/// Errors    ArgumentError for options out of range, or images with a side below 2^blocks.
/// Source    the SimpleCNN of arXiv:2303.13972, with its defaults.
nn::Sequential simple_cnn(const ModelSpec& spec, const SimpleCnnOptions& options = {});

/// Linear layers without activations between them: from n = channels * H * W values to n/2, n/4,
/// ... (rounded down), then the classes.
///
/// Errors    ArgumentError for options out of range, or a layer without outputs.
/// Source    the DensePolyNN of arXiv:2303.13972, by default with the same depth.
nn::Sequential dense_poly(const ModelSpec& spec, std::int64_t linear_layers = 3);

/// The same with widths that fall by equal steps: n - n/N, n - 2n/N, ... for N layers.
///
/// Source    the DenseLinearNN of that paper.
nn::Sequential dense_linear(const ModelSpec& spec, std::int64_t linear_layers = 3);

/// Basic blocks 2, 2, 2, 2 with 64, 128, 256 and 512 channels, the first of every group but the
/// first with stride 2; global average; linear.  The stem is 3x3 with stride 1, for images from 64
/// pixels on 7x7 with stride 2; no pool follows it.
///
/// Source    He et al. 2016, arXiv:1512.03385, in the form for small images of arXiv:2307.00368.
nn::Sequential resnet18(const ModelSpec& spec);

/// Thirteen times [conv 3x3 - batch norm - ReLU], a max pool 2 after the 2nd, 4th, 7th, 10th and
/// 13th, a max pool over the remaining pixels if they are more than 1x1, one linear layer.
///
/// Errors    ArgumentError if a side is not a multiple of 32.
/// Source    Simonyan and Zisserman 2015, arXiv:1409.1556, in the form of arXiv:2307.00368.
nn::Sequential vgg16(const ModelSpec& spec);

// The nets of MLPerf Tiny, with the layers and parameters of its reference implementations
// (github.com/mlcommons/tiny, benchmark/training), but without the final softmax.
// Banbury et al. 2021, arXiv:2106.07597.

/// Conv 3x3 of 16 channels; basic blocks of 16, 32 and 64 channels, the second and third with
/// stride 2 and a 1x1 convolution as shortcut; global average; linear.  Every convolution has a
/// bias.
///
/// Source    image_classification/keras_model.py: resnet_v1_eembc.
nn::Sequential resnet8(const ModelSpec& spec);

/// Conv 10x4 of 64 channels with stride 2, dropout .2, four depthwise separable convolutions,
/// dropout .4, average pool over half the image's extents (rounded down), linear.
///
/// Errors    ArgumentError for images with a side of one pixel.
/// Source    keyword_spotting/keras_model.py: ds_cnn; Zhang et al. 2017, arXiv:1711.07128.
nn::Sequential ds_cnn(const ModelSpec& spec);

/// Conv 3x3 with stride 2, thirteen depthwise separable convolutions, global average, linear; a
/// quarter of the paper's channels, 8 to 256.
///
/// Source    visual_wake_words/vww_model.py: mobilenet_v1; Howard et al. 2017, arXiv:1704.04861.
nn::Sequential mobilenet_v1(const ModelSpec& spec);

/// Linear layers of 128, 128, 128, 128, 8, 128, 128, 128, 128 outputs, each with batch norm and
/// ReLU, and a last one with as many outputs as the first has inputs.
///
/// Errors    ArgumentError if spec.classes is not the number of values of an image.
/// Source    anomaly_detection/keras_model.py: get_model.
nn::Sequential autoencoder(const ModelSpec& spec);

}  // namespace joule
