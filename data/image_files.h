// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "joule/data/image/resize.h"
#include "joule/data/image_source.h"

namespace joule {

/// An image in a file of its own, and what its set's list says of it.
struct ImageFile {
  std::string path;
  std::optional<Size2> size{};  // what it must have, if that is stated
  std::optional<Box> region{};  // of interest
};

/// Image files as RGB images of one size: read_image(), with_channels(3), frame().  The first
/// images, as many as fit into `cache_bytes`, stay in memory once they were read; the others are
/// read whenever they are asked for.
///
/// Cost      cache_bytes of memory at the most, as it fills, and 100 to 200 bytes per image.
/// Errors    read(): DataError as read_image(); an image that has another size than is stated, or a
///           region that is not in it.
class ImageFiles final : public ImageSource {
 public:
  ImageFiles(std::vector<ImageFile> files, const Framing& framing, std::uint64_t cache_bytes);

  std::int64_t size() const override { return std::ssize(files_); }
  void read(std::int64_t image, std::uint8_t* to) const override;

  const std::string& path(std::int64_t image) const {
    return files_[static_cast<std::size_t>(image)].path;
  }
  /// Of the bytes that the cache may take those that it will.
  std::uint64_t cached_bytes() const { return states_.size() * bytes_; }

 private:
  enum State : std::uint8_t { absent, being_stored, present };
  void make(const ImageFile& file, std::uint8_t* to) const;

  std::vector<ImageFile> files_;
  Framing framing_;
  std::size_t bytes_;  // of an image
  // Not filled with zeros: memory that no image came to is not taken.
  std::unique_ptr<std::uint8_t[]> cache_;
  mutable std::vector<std::atomic<State>> states_;  // of the images that the cache has room for
};

}  // namespace joule
