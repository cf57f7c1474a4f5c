// SPDX-License-Identifier: MIT
#include "core/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>

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

class CpuPool {
 public:
  std::byte* allocate(std::size_t bytes) {
    const std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    std::byte* block = take_cached(size);
    if (!block) block = from_system(size);
    if (!block) {
      release_locked();
      block = from_system(size);
    }
    if (!block) {
      throw DeviceError(str("out of memory: ", bytes, " bytes asked for, ", stats_.in_use,
                            " in use by tensors; a smaller batch needs less"));
    }
    stats_.in_use += static_cast<std::int64_t>(size);
    stats_.peak = std::max(stats_.peak, stats_.in_use);
    return block;
  }

  void free(std::byte* block, std::size_t bytes) noexcept {
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

  void release() {
    const std::lock_guard lock(mutex_);
    release_locked();
  }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    stats_.peak = stats_.in_use;
  }
  MemoryStats stats() {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
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

CpuPool& pool(Device device) {
  if (device != Device::cpu)
    throw DeviceError(str("this build of Joule has no ", device, " backend"));
  // Never destroyed: tensors in other statics may be freed after it would have been.
  static CpuPool* const pool = new CpuPool;
  return *pool;
}

std::mutex derived_mutex;

}  // namespace

MemoryStats memory_stats(Device device) { return pool(device).stats(); }
void reset_peak_memory(Device device) { pool(device).reset_peak(); }
void release_cached_memory(Device device) { pool(device).release(); }

Storage::Storage(std::size_t bytes, Device device)
    : data_(pool(device).allocate(bytes)), bytes_(bytes), device_(device) {}

Storage::~Storage() { pool(device_).free(data_, bytes_); }

std::shared_ptr<const void> Storage::derived(std::string_view key) const {
  const std::lock_guard lock(derived_mutex);
  for (const Derived& entry : derived_) {
    if (entry.key == key && entry.version == version()) return entry.value;
  }
  return nullptr;
}

void Storage::set_derived(std::string_view key, std::shared_ptr<const void> value) {
  const std::lock_guard lock(derived_mutex);
  const std::uint64_t now = version();
  std::erase_if(derived_, [&](const Derived& e) { return e.key == key || e.version != now; });
  derived_.push_back({std::string(key), now, std::move(value)});
}

}  // namespace joule
