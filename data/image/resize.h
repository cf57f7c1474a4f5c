// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "joule/data/image/bitmap.h"

namespace joule {

/// How an image of any size becomes one of a given size.
enum class Fit {
  crop,     ///< resized so that it covers that size, and cut out of the middle
  stretch,  ///< resized to it, whatever the two sides are scaled by
  region,   ///< as stretch, of the region of interest that a set states for its images (GTSRB)
};

std::string_view name(Fit fit);
/// Empty if it is the name of none.
std::optional<Fit> fit_of(std::string_view name);

/// What a net takes: all images of one size.
struct Framing {
  Size2 size;
  Fit fit = Fit::crop;
};

/// The part `box` of an image, resized to `size` with a triangle as wide as the ratio asks for, so
/// that what is made smaller has no aliasing, first along the rows, then along the columns:
///
///   y[i] = sum_j w_ij x[j],  w_ij ~ max(0, 1 - |j + 1/2 - (i + 1/2) r| / max(1, r)),  r = in / out
///
/// Writes [size.h, size.w, channels].
///
/// Cost      channels * (size.w * box.height * 2 max(1, rx) + size.h * size.w * 2 max(1, ry)) MACs.
/// Errors    ArgumentError: nothing to resize, a box that is not in the image, or no room in `to`.
/// Numerics  weights of 22 bits behind the point, 8 bits between the two passes: Pillow's results
///           (BILINEAR), and torchvision's of Pillow images, bit for bit.
void resize(const Bitmap& image, const Box& box, Size2 size, std::span<std::uint8_t> to);

/// The image in its frame.  Fit::crop scales the side that fits less exactly, the other one in
/// proportion, rounded down, and cuts out of the middle (half a pixel to the even side), as
/// torchvision's Resize and CenterCrop of a square do.  `region` counts for Fit::region alone;
/// empty: the whole image.
///
/// Errors    as resize().
void frame(const Bitmap& image, const std::optional<Box>& region, const Framing& framing,
           std::span<std::uint8_t> to);

}  // namespace joule
