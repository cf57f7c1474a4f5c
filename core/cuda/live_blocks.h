// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "joule/core/backend/memory.h"

namespace joule::cuda {

/// The blocks that are handed out: for MemoryStats, and for the message when memory runs out.
class LiveBlocks {
 public:
  /// `layer` is the one whose forward or backward pass asked for the block.
  void add(std::byte* block, std::size_t bytes, std::string_view layer);
  void remove(std::byte* block) noexcept;
  /// in_use and peak; the caller fills in `cached`.
  MemoryStats stats() const;
  void reset_peak();
  /// "392.0 MiB in features.3, 98.0 MiB in classifier": the `count` largest layers, at most.
  std::string largest(std::size_t count) const;

 private:
  struct Block {
    std::size_t bytes;
    std::string_view layer;  // interned
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::byte*, Block> blocks_;
  MemoryStats stats_;
};

/// "1.5 GiB", "392.0 MiB", "12 bytes"
std::string readable_bytes(std::size_t bytes);

}  // namespace joule::cuda
