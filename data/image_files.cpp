// SPDX-License-Identifier: MIT
#include "joule/data/image_files.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "joule/core/error.h"
#include "joule/data/image/read_image.h"

namespace joule {
namespace {

constexpr std::int64_t kChannels = 3;

std::size_t bytes_of(const Framing& framing) {
  return static_cast<std::size_t>(framing.size.h * framing.size.w * kChannels);
}

}  // namespace

ImageFiles::ImageFiles(std::vector<ImageFile> files, const Framing& framing,
                       std::uint64_t cache_bytes)
    : files_(std::move(files)),
      framing_(framing),
      bytes_(bytes_of(framing)),
      states_(std::min<std::uint64_t>(files_.size(), cache_bytes / bytes_)) {
  cache_.reset(new std::uint8_t[states_.size() * bytes_]);
}

void ImageFiles::read(std::int64_t image, std::uint8_t* to) const {
  const auto at = static_cast<std::size_t>(image);
  const ImageFile& file = files_[at];
  if (at >= states_.size()) return make(file, to);
  std::uint8_t* const place = cache_.get() + at * bytes_;
  if (states_[at].load(std::memory_order_acquire) == present) {
    std::memcpy(to, place, bytes_);
    return;
  }
  make(file, to);
  State expected = absent;  // two threads may make the same image; one stores it
  if (states_[at].compare_exchange_strong(expected, being_stored, std::memory_order_relaxed)) {
    std::memcpy(place, to, bytes_);
    states_[at].store(present, std::memory_order_release);
  }
}

void ImageFiles::make(const ImageFile& file, std::uint8_t* to) const {
  const Bitmap image = read_image(file.path);
  if (file.size && *file.size != image.size()) {
    throw DataError(str(file.path, ": an image of ", image.size(), ", its list says ", *file.size));
  }
  if (framing_.fit == Fit::region && file.region) {
    const Box& box = *file.region;
    if (box.height > image.height - box.top || box.width > image.width - box.left) {
      throw DataError(str(file.path, ": the region of interest of ", box.height, "x", box.width,
                          " at ", box.top, ",", box.left, " is not in an image of ", image.size()));
    }
  }
  // Grey is framed as it is: a third of the work, and the same bytes.
  Bitmap framed{.height = framing_.size.h, .width = framing_.size.w, .channels = image.channels};
  framed.pixels.resize(static_cast<std::size_t>(framed.height * framed.width * framed.channels));
  frame(image, file.region, framing_, framed.pixels);
  const Bitmap colours = with_channels(std::move(framed), kChannels);
  std::memcpy(to, colours.pixels.data(), bytes_);
}

}  // namespace joule
