// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "joule/data/image/bitmap.h"

namespace joule {

/// How an image of any size is brought to a given size.
enum class Fit {
  crop,     ///< resized to cover the size, then cut out of the middle
  stretch,  ///< resized to the size; the sides may scale differently
  region,   ///< as stretch, of the region of interest that a set gives for its images (GTSRB)
};

std::string_view name(Fit fit);
/// Empty if no Fit has that name.
std::optional<Fit> fit_of(std::string_view name);

/// The size of the images that a net takes, and how they get it.
struct Framing {
  Size2 size;
  Fit fit = Fit::crop;
};

/// Resizes the part `box` of an image to `size`, first along the rows, then along the columns.  The
/// triangle filter is widened by the reduction ratio, so that reduced images have no aliasing:
///
///   y[i] = sum_j w_ij x[j],  w_ij ~ max(0, 1 - |j + 1/2 - (i + 1/2) r| / max(1, r)),  r = in / out
///
/// Writes [size.h, size.w, channels].
///
/// Cost      channels * (size.w * box.height * 2 max(1, rx) + size.h * size.w * 2 max(1, ry)) MACs.
/// Errors    ArgumentError for nothing to resize, a box not inside the image, or too little room.
/// Numerics  weights with 22 fractional bits, 8 bits between the two passes: bit for bit the
///           results of Pillow (BILINEAR), and of torchvision on Pillow images.
void resize(const Bitmap& image, const Box& box, Size2 size, std::span<std::uint8_t> to);

/// Brings the image to the framing's size.  Fit::crop scales the side that needs less reduction to
/// fit exactly, the other in proportion, rounded down, and cuts out of the middle (half a pixel to
/// the even side), as torchvision's Resize and CenterCrop do for a square.  Only Fit::region uses
/// `region`; empty: the whole image.
///
/// Errors    as resize().
void frame(const Bitmap& image, const std::optional<Box>& region, const Framing& framing,
           std::span<std::uint8_t> to);

}  // namespace joule
