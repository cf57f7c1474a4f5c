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

/// An image in its own file, with what the set's list says about it.
struct ImageFile {
  std::string path;
  std::optional<Size2> size{};  // that the image must have, if the list gives it
  std::optional<Box> region{};  // of interest
};

/// Image files as RGB images of one size: read_image(), with_channels(3), frame().  Of the first
/// images, as many as fit into `cache_bytes` stay in memory once read; the others are read each
/// time.
///
/// Cost      up to cache_bytes of memory, as it fills, and 100 to 200 bytes per image.
/// Errors    read(): DataError as read_image(), or if an image has another size than listed, or its
///           region is not inside it.
class ImageFiles final : public ImageSource {
 public:
  ImageFiles(std::vector<ImageFile> files, const Framing& framing, std::uint64_t cache_bytes);

  std::int64_t size() const override { return std::ssize(files_); }
  void read(std::int64_t image, std::uint8_t* to) const override;

  const std::string& path(std::int64_t image) const {
    return files_[static_cast<std::size_t>(image)].path;
  }
  /// How much of the cache's memory it will use at most.
  std::uint64_t cached_bytes() const { return states_.size() * bytes_; }

 private:
  enum State : std::uint8_t { absent, being_stored, present };
  void make(const ImageFile& file, std::uint8_t* to) const;

  std::vector<ImageFile> files_;
  Framing framing_;
  std::size_t bytes_;  // of an image
  // Not zero-filled, so memory that no image reaches is never committed.
  std::unique_ptr<std::uint8_t[]> cache_;
  mutable std::vector<std::atomic<State>> states_;  // of the images that fit into the cache
};

}  // namespace joule
