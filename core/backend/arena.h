// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <unordered_map>

namespace joule {

/// Hands out parts of chunks of memory.  What is given back is handed out again at once: the work
/// that uses it is done in the order of the calls.  Not thread-safe.
class Arena {
 public:
  /// Null if there is no room: then add() some.  The smallest free part that is large enough.
  std::byte* allocate(std::size_t bytes);
  void free(std::byte* block);

  void add(std::byte* chunk, std::size_t bytes);
  /// Chunks by their first byte, with their sizes.
  const std::map<std::byte*, std::size_t>& chunks() const { return chunks_; }
  bool owns(const std::byte* block) const;
  /// Whether nothing is handed out.
  bool unused() const { return used_.empty(); }

 private:
  void add_free(std::byte* part, std::size_t bytes);

  std::map<std::byte*, std::size_t> chunks_;
  std::map<std::byte*, std::size_t> free_;  // no two of a chunk touch
  std::unordered_map<std::byte*, std::size_t> used_;
};

}  // namespace joule
