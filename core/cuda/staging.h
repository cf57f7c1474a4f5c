// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "joule/core/cuda/check.h"

namespace joule::cuda {

inline void free_pinned_memory(void* memory) noexcept {
  report(cudaFreeHost(memory), "cudaFreeHost");
}
using PinnedMemory = Handle<void*, free_pinned_memory>;

/// Copies from any host memory to the device, through pinned memory of its own: CUDA leaves it open
/// whether it has read any other when cudaMemcpyAsync() returns.  Not thread-safe.
class Staging {
 public:
  explicit Staging(cudaStream_t stream) : stream_(stream) {}

  /// Queues the copy; `from` may be changed on return.
  ///
  /// Cost      a second copy on the host.  Waits only for copies of its own, when they fill 4 MiB
  ///           and the device has not come to them.
  void copy_in(void* to, const void* from, std::size_t bytes);

 private:
  static constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
  struct Piece {
    PinnedMemory memory;
    Event read;  // recorded behind the last copy from it
  };
  std::byte* place_for(std::size_t bytes);

  cudaStream_t stream_;
  std::array<Piece, 4> pieces_;
  std::size_t current_ = 0, used_ = 0;  // the piece that is being filled, and how far
};

}  // namespace joule::cuda
