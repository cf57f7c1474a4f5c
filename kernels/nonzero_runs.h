// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "core/tensor.h"

namespace joule::cpu {

/// The non-zeros of images [N,H,W,C], pixel after pixel, each with its place in its row of pixels:
/// the non-zeros of neighbouring pixels are one run.
///
/// Element i is values()[i], in channel indexes()[i] % C of the pixel in column indexes()[i] / C;
/// pixel p, counted over the batch, has the elements from starts()[p] to starts()[p + 1].
class NonzeroRuns {
 public:
  NonzeroRuns(std::int64_t pixels, std::int64_t nonzeros)
      : nonzeros_(nonzeros),
        storage_(static_cast<std::size_t>(pixels + 1) * sizeof(std::int64_t) +
                     static_cast<std::size_t>(nonzeros) * (sizeof(float) + sizeof(std::uint32_t)),
                 Device::cpu),
        values_(reinterpret_cast<float*>(starts() + pixels + 1)) {}

  std::int64_t* starts() const { return reinterpret_cast<std::int64_t*>(storage_.data()); }
  float* values() const { return values_; }
  std::uint32_t* indexes() const { return reinterpret_cast<std::uint32_t*>(values_ + nonzeros_); }

 private:
  std::int64_t nonzeros_;
  Storage storage_;
  float* values_;
};

/// Whether the runs of `images` can be indexed: a row of pixels has less than 2^32 values.
bool can_index_runs(const Tensor& images);

/// The runs of x [N,H,W,C], f32, from its zero mask (see zero_mask_of): made once, they stay with x
/// until it is written again.
///
/// Cost      the cache lines of x that are not all zero and the mask are read twice at most.
std::shared_ptr<const NonzeroRuns> nonzero_runs_of(const Tensor& x);

}  // namespace joule::cpu
