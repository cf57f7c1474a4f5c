// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <vector>

#include "joule/core/cuda/live_blocks.h"
#include "joule/core/error.h"

namespace joule::cuda {

std::string readable_bytes(std::size_t bytes) {
  if (bytes < 1024) return str(bytes, " bytes");
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* larger : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, unit);
  return text;
}

void LiveBlocks::add(std::byte* block, std::size_t bytes, std::string_view layer) {
  const std::lock_guard lock(mutex_);
  blocks_[block] = {bytes, layer};
  stats_.in_use += static_cast<std::int64_t>(bytes);
  stats_.peak = std::max(stats_.peak, stats_.in_use);
}

void LiveBlocks::remove(std::byte* block) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(block);
  stats_.in_use -= static_cast<std::int64_t>(found->second.bytes);
  blocks_.erase(found);
}

MemoryStats LiveBlocks::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void LiveBlocks::reset_peak() {
  const std::lock_guard lock(mutex_);
  stats_.peak = stats_.in_use;
}

std::string LiveBlocks::largest(std::size_t count) const {
  std::vector<Block> blocks;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [address, block] : blocks_) blocks.push_back(block);
  }
  std::ranges::sort(blocks, std::greater(), &Block::bytes);
  std::string text;
  for (const Block& block : blocks) {
    if (count-- == 0) break;
    text += str(text.empty() ? "" : ", ", readable_bytes(block.bytes), " in ",
                block.layer.empty() ? "no layer" : block.layer);
  }
  return text;
}

}  // namespace joule::cuda
