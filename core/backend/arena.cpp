// SPDX-License-Identifier: MIT
#include "joule/core/backend/arena.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace joule {
namespace {

constexpr std::size_t kBlockAlignment = 256;  // as cudaMalloc

}  // namespace

std::byte* Arena::allocate(std::size_t bytes) {
  const std::size_t size =
      (std::max<std::size_t>(bytes, 1) + kBlockAlignment - 1) & ~(kBlockAlignment - 1);
  auto best = free_.end();
  for (auto at = free_.begin(); at != free_.end(); ++at) {
    if (at->second >= size && (best == free_.end() || at->second < best->second)) best = at;
  }
  if (best == free_.end()) return nullptr;
  const auto [block, room] = *best;
  free_.erase(best);
  if (room > size) free_.emplace(block + size, room - size);
  used_.emplace(block, size);
  return block;
}

void Arena::free(std::byte* block) {
  const auto found = used_.find(block);
  add_free(block, found->second);
  used_.erase(found);
}

void Arena::add(std::byte* chunk, std::size_t bytes) {
  chunks_.emplace(chunk, bytes);
  add_free(chunk, bytes);
}

bool Arena::owns(const std::byte* block) const {
  auto after = chunks_.upper_bound(const_cast<std::byte*>(block));
  if (after == chunks_.begin()) return false;
  const auto [chunk, bytes] = *--after;
  return std::less<>()(block, chunk + bytes);
}

void Arena::add_free(std::byte* part, std::size_t bytes) {
  // Chunks may lie side by side, but a block must not lie in two of them.
  const auto after = free_.lower_bound(part);
  if (after != free_.end() && after->first == part + bytes && !chunks_.contains(after->first)) {
    bytes += after->second;
    free_.erase(after);
  }
  if (const auto next = free_.lower_bound(part); next != free_.begin() && !chunks_.contains(part)) {
    const auto before = std::prev(next);
    if (before->first + before->second == part) {
      before->second += bytes;
      return;
    }
  }
  free_.emplace(part, bytes);
}

}  // namespace joule
