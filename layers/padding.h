// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/core/shape.h"
#include "joule/kernels/resize/resize_nearest.h"
#include "joule/layers/module.h"

namespace joule::nn {

/// Pads each image with zeros or, where the padding is negative, crops it.  With this, a
/// convolution or pooling can have padding that differs from side to side.  See pad2d().
class Pad2d final : public Module {
 public:
  /// `before`: above and to the left; `after`: below and to the right.
  Pad2d(Size2 before, Size2 after) : before_(before), after_(after) {}

  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  bool tapped_by_all() const override { return false; }

  Size2 before_, after_;
};

/// Repeats or leaves out rows and columns of pixels: an image that is resized to its nearest
/// pixels.  See resize_nearest().
class ResizeNearest final : public Module {
 public:
  /// Every pixel becomes factor.h x factor.w pixels.
  explicit ResizeNearest(Size2 factor) : ResizeNearest(Repeats{factor.h}, Repeats{factor.w}) {}
  /// Errors    ArgumentError if a list is empty, or a number negative.
  ResizeNearest(Repeats rows, Repeats columns);

  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return resize_nearest(x, rows_, columns_); }
  bool tapped_by_all() const override { return false; }

  Repeats rows_, columns_;
};

}  // namespace joule::nn
