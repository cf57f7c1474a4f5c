// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "joule/core/tensor.h"

namespace joule::cuda {

/// A value that is not zero, and which element it is of its row of pixels [W,C].
struct alignas(8) Nonzero {
  float value;
  unsigned index;
};

/// The non-zeros of images [N,H,W,C] in order, a run for each row of pixels.  A run begins where
/// the row would, if everything were listed, so that each can be made without the others; what is
/// listed of pixel `column` and part `part` of its channels is
///   [starts_of(row)[column * parts + part], starts_of(row)[column * parts + part + 1])
/// of nonzeros_of(row).  What belongs to neighbouring pixels is side by side.
struct NonzeroRuns {
  int columns, channels;     // W, C
  int parts, part_channels;  // of the channels of a pixel; of each part but the last
  Nonzero* nonzeros;
  unsigned* starts;

  __host__ __device__ std::int64_t row_values() const { return std::int64_t{columns} * channels; }
  __host__ __device__ std::int64_t row_starts() const { return std::int64_t{columns} * parts + 1; }
};

/// The same on the host: owns the memory.
class ListedNonzeros {
 public:
  /// Queues the listing of `images`, whose rows have less than 2^31 values.  part_channels: C, or
  /// less and then a multiple of four.
  ///
  /// Cost      one read of the images; 8 bytes of memory per element, of which as many are written
  ///           as there are non-zeros.
  ListedNonzeros(const Tensor& images, int part_channels);

  const NonzeroRuns& operator*() const { return runs_; }

 private:
  NonzeroRuns runs_;
  Storage storage_;
};

}  // namespace joule::cuda
