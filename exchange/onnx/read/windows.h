// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/shape.h"
#include "joule/exchange/onnx/read/node.h"

namespace joule::exchange {

/// How a window moves over an image, as the attributes of ONNX's convolutions and pools say.
struct Windows {
  Size2 kernel{1}, stride{1}, dilation{1};
  Size2 before{0}, after{0};  // padding above and to the left, below and to the right

  bool symmetric() const { return before.h == after.h && before.w == after.w; }
  /// For Pad2d.
  std::vector<std::int64_t> padding() const { return {before.h, after.h, before.w, after.w}; }
};

/// Those of a node that reads an image [N,C,h,w]; `kernel` where kernel_shape is left out.
///
/// Errors    ArgumentError: not of two dimensions, out of range, another auto_pad.
Windows windows_of(const OnnxNode& node, Size2 image, std::optional<Size2> kernel = {});

/// Two whole numbers from 0 or `least` to kMostOfWindow, or the preset.
Size2 size_of(const OnnxNode& node, const char* attribute, Size2 preset, std::int64_t least);

}  // namespace joule::exchange
