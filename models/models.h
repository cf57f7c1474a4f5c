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

/// Which net, for which images.  What a model file's metadata holds.
struct ModelSpec {
  std::string name = "small-cnn";
  Size2 image = 28;
  std::int64_t channels = 1;
  std::int64_t classes = 10;
  friend bool operator==(const ModelSpec&, const ModelSpec&) = default;
};

/// The net of `spec.name`, freshly initialised from default_generator().  x [N,H,W,C] -> logits
/// [N, classes].
///
/// Errors    ArgumentError for an unknown name (lists the known ones), extents or classes < 1, or
///           images that are too small for the net.
nn::Sequential make_model(const ModelSpec& spec);

/// "dense-linear", "dense-poly", "lenet5", "resnet18", "simple-cnn", "small-cnn", "vgg16".
std::vector<std::string> model_names();

/// Whether make_model() knows it: one of these, or one that says what it is made of:
/// dense-linear-N, dense-poly-N and simple-cnn-M-N with M blocks of convolutions and N linear
/// layers, simple-cnn-M-N-norelu; their linear layers begin with Init::xavier_uniform.
bool is_model_name(std::string_view name);
/// The names of the second kind, for people.
inline constexpr const char* kSizedModelNames =
    "dense-linear-N, dense-poly-N, simple-cnn-M-N, simple-cnn-M-N-norelu with M blocks of "
    "convolutions and N linear layers";

/// conv 32 - conv 64 - pool - conv 128 - pool - linear 128 - linear; every layer but the last is
/// followed by a ReLU, convolutions are 3x3 with padding 1, pools 2x2 maxima.
nn::Sequential small_cnn(const ModelSpec& spec);

/// conv 6 - pool - conv 16 - pool - linear 120 - linear 84 - linear; 5x5 convolutions, 2x2 average
/// pools, ReLUs.  Images of less than 32 pixels are padded by 2, as LeNet's 32x32 came from 28x28.
///
/// Source    LeCun et al. 1998, with ReLU for tanh and a linear layer for the radial basis
/// functions.
nn::Sequential lenet5(const ModelSpec& spec);

/// How deep the following nets may be.
inline constexpr std::int64_t kMostLinearLayers = 64, kMostConvBlocks = 8;

struct SimpleCnnOptions {
  std::int64_t blocks = 2;
  std::int64_t linear_layers = 3;
  bool relu = true;  // in each block
  /// Of the linear layers.  Behind a stack of them with no activation the default is too large by
  /// far; it is that of the net named simple-cnn, which has always had it.
  Init linear_init = Init::he_normal;
};

/// Blocks [conv 3x3 - batch norm - ReLU - max pool 2] with channels * 3, channels * 9, ... outputs,
/// then the linear layers of dense_poly().
///
/// Errors    ArgumentError for options out of range, or images with a side below 2^blocks.
/// Source    the SimpleCNN of arXiv:2303.13972; the defaults are its.
nn::Sequential simple_cnn(const ModelSpec& spec, const SimpleCnnOptions& options = {});

/// Linear layers with no activation between them: of n = channels * H * W values to n/2, n/4, ...
/// (rounded down) and the classes.
///
/// Errors    ArgumentError for options out of range, or a layer without outputs.
/// Source    the DensePolyNN of arXiv:2303.13972, by default as deep as there.
nn::Sequential dense_poly(const ModelSpec& spec, std::int64_t linear_layers = 3);

/// The same with widths that fall by equal steps: n - n/N, n - 2n/N, ... for N layers.
///
/// Source    the DenseLinearNN there.
nn::Sequential dense_linear(const ModelSpec& spec, std::int64_t linear_layers = 3);

/// Basic blocks 2, 2, 2, 2 of 64, 128, 256 and 512 channels, the first of each group but the first
/// with stride 2; global average; linear.  The stem is 3x3 with stride 1, from 64 pixels on 7x7
/// with stride 2; no pool follows it.
///
/// Source    He et al. 2016, arXiv:1512.03385, in the form for small images of arXiv:2307.00368.
nn::Sequential resnet18(const ModelSpec& spec);

/// Thirteen times [conv 3x3 - batch norm - ReLU], a max pool 2 after the 2nd, 4th, 7th, 10th and
/// 13th, a max pool over what is left beyond 1x1, one linear layer.
///
/// Errors    ArgumentError if a side is not a multiple of 32.
/// Source    Simonyan and Zisserman 2015, arXiv:1409.1556, in the form of arXiv:2307.00368.
nn::Sequential vgg16(const ModelSpec& spec);

}  // namespace joule
