// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "joule/core/tensor.h"

namespace joule {

/// The memory order of weights.
enum class WeightLayout {
  ohwi,  // Joule's: convolutions [out, kh, kw, in]; flattened images row, column, channel
  oihw,  // PyTorch's and ONNX's: [out, in, kh, kw]; flattened images channel, row, column
};
/// "ohwi", "oihw".
std::string_view name(WeightLayout layout);

/// For each layer that reads a flattened image, by its full name, that image's [H,W,C];
/// nn::flattened_inputs() finds them.
using FlattenedInputs = std::map<std::string, Shape>;

/// Converts a convolution's weights from Joule's order [out, kh, kw, in] to [out, in, kh, kw], that
/// of PyTorch and ONNX.  New storage, f32.
/// Errors    ArgumentError if the tensor is not f32 of rank 4.
Tensor ohwi_to_oihw(const Tensor& weight);

/// The inverse.
Tensor oihw_to_ohwi(const Tensor& weight);

/// The tensors of a net in the other layout.  Converts every f32 tensor of rank 4, the columns of
/// the rank 2 weights of the layers in `flattened`, and the vectors of those without any (a batch
/// norm).  The others are shared.
///
/// Errors    ArgumentError if `flattened` names a layer without a tensor that has as many columns
///           or elements as its image has values.
std::map<std::string, Tensor> convert_layout(const std::map<std::string, Tensor>& tensors,
                                             const FlattenedInputs& flattened, WeightLayout to);

/// Whether a file alone does not tell the layout of this tensor: f32 of rank 4
/// with more than one value per output.
bool depends_on_layout(const Tensor& tensor);
/// Whether its columns may be those of a flattened image with several pixels and channels: f32 of
/// rank 2 with at least four columns.
bool may_read_flattened(const Tensor& tensor);

}  // namespace joule
