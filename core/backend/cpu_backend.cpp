// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/backend/backends.h"
#include "joule/core/system/clock.h"

namespace joule {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{1} << 21;

/// Rounds up to one of eight classes per power of two: at most 12.5 % is wasted, and tensors of
/// nearly the same size share blocks.
std::size_t size_class(std::size_t bytes) {
  if (bytes <= 8 * kAlignment)
    return std::max(kAlignment, (bytes + kAlignment - 1) & ~(kAlignment - 1));
  const std::size_t step = std::bit_floor(bytes - 1) / 8;
  return (bytes + step - 1) / step * step;
}

/// No block can be larger and be used, but the system may well promise it.
std::size_t memory_of_this_machine() {
  static const std::size_t bytes = [] {
    struct sysinfo info {};
    if (sysinfo(&info) != 0) return std::numeric_limits<std::size_t>::max();
    return (std::size_t{info.totalram} + info.totalswap) * info.mem_unit;
  }();
  return bytes;
}

class CpuBackend final : public Backend {
 public:
  std::byte* allocate(std::size_t bytes) override {
    if (bytes > memory_of_this_machine()) throw OutOfMemory(out_of_memory(bytes));
    const std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    std::byte* block = take_cached(size);
    if (!block) block = from_system(size);
    if (!block) {
      release_locked();
      block = from_system(size);
    }
    if (!block) throw OutOfMemory(out_of_memory(bytes));
    stats_.in_use += static_cast<std::int64_t>(size);
    stats_.peak = std::max(stats_.peak, stats_.in_use);
    return block;
  }

  void free(std::byte* block, std::size_t bytes) noexcept override {
    const std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    stats_.in_use -= static_cast<std::int64_t>(size);
    try {
      cached_[size].push_back(block);
      stats_.cached += static_cast<std::int64_t>(size);
    } catch (const std::bad_alloc&) {
      std::free(block);
    }
  }

  void release_cached_memory() override {
    const std::lock_guard lock(mutex_);
    release_locked();
  }
  void reset_peak_memory() override {
    const std::lock_guard lock(mutex_);
    stats_.peak = stats_.in_use;
  }
  MemoryStats memory_stats() override {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

  void copy_in(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void copy_out(std::span<const HostCopy> copies) override {
    for (const auto& [to, from, bytes] : copies) std::memcpy(to, from, bytes);
  }
  std::byte* allocate_pinned(std::size_t bytes) override { return allocate(bytes); }
  void free_pinned(std::byte* block, std::size_t bytes) noexcept override { free(block, bytes); }
  std::int64_t copy_in_beside(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
    return 0;
  }
  void finish(std::int64_t) override {}
  void copy(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void fill(void* to, std::size_t count, const void* element, std::size_t size) override {
    if (size == sizeof(std::uint64_t)) {
      fill_with<std::uint64_t>(to, count, element);
    } else {
      fill_with<std::uint32_t>(to, count, element);
    }
  }

  void synchronize() override {}
  std::int64_t waits() override { return 0; }
  std::unique_ptr<DeviceGraph> capture(std::size_t, const std::function<void()>&) override {
    throw DeviceError("the CPU queues nothing that could be captured");
  }
  std::uint64_t capturing() override { return 0; }
  std::string bus_id() override { return {}; }
  std::int64_t start_timer() override { return monotonic_nanoseconds(); }
  void stop_timer(std::int64_t started, Tally* tally) override {
    tally->nanoseconds += monotonic_nanoseconds() - started;
  }
  void settle() override {}

 private:
  std::string out_of_memory(std::size_t bytes) const {
    return str("out of memory: ", bytes, " bytes asked for, ", stats_.in_use,
               " in use by tensors; a smaller batch needs less");
  }

  template <class Word>
  static void fill_with(void* to, std::size_t count, const void* element) {
    Word word;
    std::memcpy(&word, element, sizeof word);
    std::fill_n(static_cast<Word*>(to), count, word);
  }

  std::byte* take_cached(std::size_t size) {
    const auto found = cached_.find(size);
    if (found == cached_.end() || found->second.empty()) return nullptr;
    std::byte* const block = found->second.back();
    found->second.pop_back();
    stats_.cached -= static_cast<std::int64_t>(size);
    return block;
  }

  static std::byte* from_system(std::size_t size) {
    const bool huge = size >= 2 * kHugePage;
    void* block = nullptr;
    if (posix_memalign(&block, huge ? kHugePage : kAlignment, size) != 0) return nullptr;
    // Activations are streamed: with 4 KiB pages every pass would pay a TLB miss per kilofloat.
    if (huge) madvise(block, size, MADV_HUGEPAGE);
    return static_cast<std::byte*>(block);
  }

  void release_locked() {
    for (auto& [size, blocks] : cached_) {
      for (std::byte* block : blocks) std::free(block);
    }
    cached_.clear();
    stats_.cached = 0;
  }

  std::mutex mutex_;
  std::map<std::size_t, std::vector<std::byte*>> cached_;
  MemoryStats stats_;
};

}  // namespace

Backend& cpu_backend() {
  // Never destroyed: tensors in other statics may be freed after it would have been.
  static CpuBackend* const backend = new CpuBackend;
  return *backend;
}

}  // namespace joule
