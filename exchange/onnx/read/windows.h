// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/shape.h"
#include "joule/exchange/onnx/read/node.h"

namespace joule::exchange {

/// How a window moves over an image, by the attributes of ONNX's convolutions and pools.
struct Windows {
  Size2 kernel{1}, stride{1}, dilation{1};
  Size2 before{0}, after{0};  // padding above and to the left, below and to the right

  bool symmetric() const { return before.h == after.h && before.w == after.w; }
  /// For Pad2d.
  std::vector<std::int64_t> padding() const { return {before.h, after.h, before.w, after.w}; }
};

/// The windows of a node that reads an image [N,C,h,w]; `kernel` is used if kernel_shape is
/// omitted.
///
/// Errors    ArgumentError: not two dimensions, out of range, an unsupported auto_pad.
Windows windows_of(const OnnxNode& node, Size2 image, std::optional<Size2> kernel = {});

/// Two integers from `least` (0 or 1) to kMostOfWindow, or the default.
Size2 size_of(const OnnxNode& node, const char* attribute, Size2 preset, std::int64_t least);

}  // namespace joule::exchange
