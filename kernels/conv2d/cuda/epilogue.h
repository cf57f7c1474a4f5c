// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>

#include "joule/kernels/block_sums_cuda.h"
#include "joule/kernels/conv2d/impl.h"
#include "joule/kernels/l0/smooth_l0_cuda.h"
#include "joule/kernels/zero_mask_cuda.h"

namespace joule::cuda {

/// What kernels apply to the sums of a convolution before they store them: the bias, and the ReLU
/// with its mask, count and smooth L0.
struct Epilogue {
  const float* bias = nullptr;
  bool relu = false;
  float threshold = 0;
  float sigma = 0;
  double* l0_sums = nullptr;      // one per block or group of pixels, or null
  std::uint16_t* mask = nullptr;  // the words of ZeroMask, 16 channels at a time
  std::int64_t sixteens_per_row = 0;
  std::uint64_t* count = nullptr;

  /// What one thread has counted.
  struct Totals {
    unsigned nonzeros = 0;
    double l0 = 0;
  };

  /// Applies it to kCount channels of a pixel, starting at `channel`; `inside` of them exist.
  /// Returns a bit for each value that is not zero.
  template <int kCount>
  __device__ unsigned apply(Floats<kCount>& value, std::int64_t channel, int inside,
                            Totals& totals) const {
    unsigned bits = 0;
    float l0 = 0;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      if (k >= inside) break;
      float& v = value.at[k];
      if (bias) v += bias[channel + k];
      if (!relu) continue;
      v = v <= threshold ? 0 : v;
      bits |= unsigned{v != 0} << k;
      if (l0_sums) l0 += smooth_l0(v, sigma);
    }
    totals.nonzeros += static_cast<unsigned>(__popc(bits));
    totals.l0 += l0;
    return bits;
  }

  /// Writes the bits of channels [channel, channel + 16) of a pixel, unless the mask ends before.
  __device__ void write_mask(std::int64_t pixel, std::int64_t channel, unsigned bits) const {
    const std::int64_t sixteen = channel / 16;
    if (sixteen >= sixteens_per_row) return;
    mask[pixel * sixteens_per_row + sixteen] = static_cast<std::uint16_t>(bits);
  }

  /// What the block has counted since the last call, as the smooth L0 number `place`; all its
  /// threads must call it.
  __device__ void add(Totals& totals, std::int64_t place) const {
    if (!relu) return;
    add_count(totals.nonzeros, count);
    if (l0_sums) {
      const double l0 = block_sum(totals.l0);
      if (threadIdx.x == 0) l0_sums[place] = l0;
    }
    totals = {};
  }
  /// At the end; all threads of a one-dimensional grid must call it.
  __device__ void add(Totals& totals) const { add(totals, blockIdx.x); }
};

/// The host's part of the Epilogue of a Conv2d whose kernel adds its Totals once for each block of
/// `grid`.
class EpilogueOf {
 public:
  /// `covered`: the number of channels, a multiple of 16, for which the kernel calls write_mask();
  /// the rest of the mask's words are cleared here.
  EpilogueOf(const ops::Conv2d& op, const Grid& grid, std::int64_t covered);

  const Epilogue& operator*() const { return epilogue_; }
  /// Call it after the launch: writes the smooth L0 and attaches the mask to y.
  void finish();

 private:
  const ops::Conv2d& op_;
  std::shared_ptr<ZeroMask> mask_;
  std::optional<BlockSums> l0_;
  Epilogue epilogue_;
};

}  // namespace joule::cuda
