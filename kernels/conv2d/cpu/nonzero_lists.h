// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "joule/core/zero_mask.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/direct_plan.h"

// The non-zeros of a tensor by channel, as the skipping gradient of the weights reads them.
namespace joule::cpu {

/// The non-zeros of one channel in some pixels: their values, and the pixel of a tile of the other
/// operand that their first tap reads.  Entries up to `paired` are pairs of neighbours in a row of
/// pixels, whose taps read mostly the same pixels of the tile.
struct NonzeroList {
  struct Entry {
    float value;
    std::uint32_t at;
  };
  const Entry *first, *paired, *last;
};

/// Rows [first_row, last_row) of the images [first_image, last_image).
struct NonzeroBand {
  std::int64_t first_image, last_image, first_row, last_row;
};

/// Cuts a batch into bands of rows of one image, or of whole small images, such that what a band's
/// taps read of the other operand, `floats` channels with border, is a tile that stays in L1.
class NonzeroBands {
 public:
  NonzeroBands(const Pass& pass, std::int64_t batch, std::int64_t floats)
      : pass_(pass), batch_(batch) {
    constexpr std::int64_t kTileFloats = 9 * 1024;  // 36 of the 48 KiB of an L1
    const std::int64_t columns = std::max<std::int64_t>(1, tile_columns()) * floats;
    const std::int64_t fit = std::max<std::int64_t>(1, kTileFloats / columns);
    while (rows_ < pass.h.count && pass.h.extent(rows_ + 1) <= fit) ++rows_;
    rows_ = ceil_div(pass.h.count, ceil_div(pass.h.count, rows_));
    if (rows_ == pass.h.count) {
      images_ = std::clamp<std::int64_t>(fit / std::max<std::int64_t>(1, pass.h.extent(rows_)), 1,
                                         std::max<std::int64_t>(1, batch));
    }
    per_image_ = ceil_div(pass.h.count, rows_);
  }

  std::int64_t count() const { return ceil_div(batch_, images_) * per_image_; }
  NonzeroBand at(std::int64_t band) const {
    const std::int64_t image = band / per_image_ * images_, row = band % per_image_ * rows_;
    return {image, std::min(image + images_, batch_), row, std::min(row + rows_, pass_.h.count)};
  }
  std::int64_t tile_rows() const { return pass_.h.extent(rows_); }
  std::int64_t tile_columns() const { return pass_.w.extent(pass_.w.count); }
  std::int64_t tile_pixels() const { return images_ * tile_rows() * tile_columns(); }

 private:
  Pass pass_;
  std::int64_t batch_, rows_ = 1, images_ = 1, per_image_ = 1;
};

/// All lists of a tensor [batch, h, w, channels] whose pixels are the outputs of `pass`.
class NonzeroLists {
 public:
  /// `floats`: the channels of the other operand in a tile.
  NonzeroLists(const Pass& pass, std::int64_t batch, const float* values, const ZeroMask& mask,
               std::int64_t floats);

  const Pass& pass() const { return pass_; }
  const NonzeroBands& bands() const { return bands_; }
  std::int64_t channels() const { return channels_; }
  NonzeroList list(std::int64_t band, std::int64_t channel) const {
    const End* const end = ends_.data() + band * channels_ + channel;
    const auto* const entries = entries_of(band);
    return {entries + (channel ? end[-1].singles : 0), entries + end->pairs,
            entries + end->singles};
  }

  /// The ends of a list in its band's entries: of its pairs, and of the rest.
  struct End {
    std::uint32_t pairs, singles;
  };

 private:
  void fill(std::int64_t band, const float* values, const ZeroMask& mask);
  NonzeroList::Entry* entries_of(std::int64_t band) const {
    return reinterpret_cast<NonzeroList::Entry*>(entries_.values()) + first_[band];
  }

  Pass pass_;
  NonzeroBands bands_;
  std::int64_t channels_;
  std::vector<std::int64_t> first_;  // per band
  std::vector<End> ends_;            // per band and channel
  Floats entries_;
};

/// The channels of the dense operand in a tile.
struct DenseBlock {
  const float* dense;
  std::int64_t channels, first_channel, floats;
};

/// All of the other operand that the taps of a band read: [pixel, floats].
struct NonzeroTile {
  const float* values;
  std::int64_t columns;  // pixels per row
  std::int64_t floats;   // per pixel
};

}  // namespace joule::cpu
