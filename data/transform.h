// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "joule/core/random.h"

namespace joule {

/// One image while a loader prepares it: [height, width, channels], from black 0 to white 1 until
/// it is normalised; of a data set of floats, these.
struct Image {
  std::int64_t height, width, channels;
  std::span<float> pixels;
};

/// Changes an image in place.  Must depend only on the image and the numbers it draws, and several
/// threads must be able to call it at once.
using Transform = std::function<void(const Image&, Generator&)>;

/// Pads each side with `padding` black pixels and cuts out a window of the original size, every
/// position equally likely.  Errors: ArgumentError if padding < 1.
/// Source    He et al. 2015, arXiv:1512.03385, section 4.2.
Transform pad_and_crop(std::int64_t padding);

/// Mirrors left and right with the given probability.  Errors: ArgumentError if not in [0, 1].
Transform horizontal_flip(float probability = 0.5f);

/// Rotates about the centre by an angle uniform in [-degrees, degrees), bilinear, black outside.
/// Errors: ArgumentError if degrees is not in (0, 180].
Transform rotation(float degrees);

/// pixel = (pixel - mean[channel]) / deviation[channel].
void normalize(const Image& image, std::span<const float> mean, std::span<const float> deviation);

/// The generator for the transforms of one image in one epoch: a pure function of the three
/// arguments, so that any thread can prepare any image.
Generator image_generator(std::uint64_t seed, std::int64_t epoch, std::int64_t image);

/// The order of the images in an epoch: a pure function of seed and epoch.
std::vector<std::int64_t> shuffled_order(std::uint64_t seed, std::int64_t epoch,
                                         std::int64_t images);

/// The order in which the images of a class are held back (see hold_back()): a pure function of
/// seed and label.
std::vector<std::int64_t> held_back_order(std::uint64_t seed, std::int64_t label,
                                          std::int64_t images);

}  // namespace joule
