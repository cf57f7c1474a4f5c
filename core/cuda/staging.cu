// SPDX-License-Identifier: MIT
#include "joule/core/cuda/staging.h"

#include <algorithm>
#include <cstring>

namespace joule::cuda {

std::byte* Staging::place_for(std::size_t bytes) {
  if (used_ + bytes > kPieceBytes) {
    check(cudaEventRecord(pieces_[current_].read.get(), stream_), "cudaEventRecord");
    const std::size_t next = (current_ + 1) % pieces_.size();
    if (pieces_[next].memory) {
      check(cudaEventSynchronize(pieces_[next].read.get()), "cudaEventSynchronize");
    }
    current_ = next;
    used_ = 0;
  }
  Piece& piece = pieces_[current_];
  if (!piece.memory) {
    check(cudaEventCreateWithFlags(piece.read.receive(), cudaEventDisableTiming),
          "cudaEventCreateWithFlags");
    check(cudaMallocHost(piece.memory.receive(), kPieceBytes), "cudaMallocHost");
  }
  std::byte* const place = static_cast<std::byte*>(piece.memory.get()) + used_;
  used_ += bytes;
  return place;
}

void Staging::copy_in(void* to, const void* from, std::size_t bytes) {
  auto* place = static_cast<std::byte*>(to);
  const auto* next = static_cast<const std::byte*>(from);
  while (bytes > 0) {
    const std::size_t size = std::min(bytes, kPieceBytes);
    std::byte* const staged = place_for(size);
    std::memcpy(staged, next, size);
    check(cudaMemcpyAsync(place, staged, size, cudaMemcpyHostToDevice, stream_), "cudaMemcpyAsync");
    place += size;
    next += size;
    bytes -= size;
  }
}

}  // namespace joule::cuda
