// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace joule::nas {

/// Numbers by 64-bit keys, in one array: a look-up is one cache miss, where std::unordered_map has
/// three.  Several numbers may have the same key.
class NumberIndex {
 public:
  /// The first number of the key for which `is_it(number)` holds.
  template <class IsIt>
  std::optional<std::uint32_t> find(std::uint64_t key, IsIt&& is_it) const {
    if (entries_.empty()) return std::nullopt;
    for (std::size_t at = place(key);; at = (at + 1) & (entries_.size() - 1)) {
      const Entry& entry = entries_[at];
      if (entry.number == kFree) return std::nullopt;
      if (entry.key == key && is_it(entry.number)) return entry.number;
    }
  }
  std::optional<std::uint32_t> find(std::uint64_t key) const {
    return find(key, [](std::uint32_t) { return true; });
  }

  /// The number must not be 0xffffffff.
  void add(std::uint64_t key, std::uint32_t number) {
    if (2 * (size_ + 1) > entries_.size()) grow();
    std::size_t at = place(key);
    while (entries_[at].number != kFree) at = (at + 1) & (entries_.size() - 1);
    entries_[at] = {.key = key, .number = number};
    ++size_;
  }

  std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kFree = 0xffffffff;
  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t number = kFree;
  };

  /// Fibonacci hashing: the keys of cells differ in few bits.
  std::size_t place(std::uint64_t key) const {
    return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15U >> 32) & (entries_.size() - 1);
  }
  void grow() {
    std::vector<Entry> old(entries_.empty() ? 16 : 2 * entries_.size());
    old.swap(entries_);
    size_ = 0;
    for (const Entry& entry : old) {
      if (entry.number != kFree) add(entry.key, entry.number);
    }
  }

  std::vector<Entry> entries_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace joule::nas
