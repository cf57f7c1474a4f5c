// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "joule/core/tensor.h"

namespace joule::cuda {

/// A non-zero value and its index in its row of pixels [W,C].
struct alignas(8) Nonzero {
  float value;
  unsigned index;
};

/// The non-zeros of images [N,H,W,C] in order, one run per row of pixels.  A run begins where the
/// row would begin if all its values were listed, so that each can be made without the others.  The
/// non-zeros of pixel `column` in part `part` of its channels are
///   [starts_of(row)[column * parts + part], starts_of(row)[column * parts + part + 1])
/// of nonzeros_of(row).  Those of neighbouring pixels are adjacent.
struct NonzeroRuns {
  int columns, channels;     // W, C
  int parts, part_channels;  // parts of a pixel's channels; channels of each part but the last
  Nonzero* nonzeros;
  unsigned* starts;

  __host__ __device__ std::int64_t row_values() const { return std::int64_t{columns} * channels; }
  __host__ __device__ std::int64_t row_starts() const { return std::int64_t{columns} * parts + 1; }
};

/// The host's handle, which owns the memory.
class ListedNonzeros {
 public:
  /// Queues the listing of `images`, whose rows have fewer than 2^31 values.  part_channels: C, or
  /// a smaller multiple of four.
  ///
  /// Cost      one read of the images; 8 bytes of memory per element, of which one entry per
  ///           non-zero is written.
  ListedNonzeros(const Tensor& images, int part_channels);

  const NonzeroRuns& operator*() const { return runs_; }

 private:
  NonzeroRuns runs_;
  Storage storage_;
};

}  // namespace joule::cuda
