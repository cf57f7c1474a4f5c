// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <unordered_map>

namespace joule {

/// Hands out parts of chunks of memory.  A freed block may be handed out again at once, because the
/// work that uses it runs in the order of the calls.  Not thread-safe.
class Arena {
 public:
  /// The smallest free part that is large enough; null if there is none: call add() then.
  std::byte* allocate(std::size_t bytes);
  void free(std::byte* block);

  void add(std::byte* chunk, std::size_t bytes);
  /// Chunks by their first byte, with their sizes.
  const std::map<std::byte*, std::size_t>& chunks() const { return chunks_; }
  bool owns(const std::byte* block) const;
  /// Whether no block is handed out.
  bool unused() const { return used_.empty(); }

 private:
  void add_free(std::byte* part, std::size_t bytes);

  std::map<std::byte*, std::size_t> chunks_;
  std::map<std::byte*, std::size_t> free_;  // free parts of one chunk that touch are merged
  std::unordered_map<std::byte*, std::size_t> used_;
};

}  // namespace joule
