// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/device.h"

namespace joule {

/// Bytes of the caching pool of one device.
struct MemoryStats {
  std::int64_t in_use = 0;  // handed out now
  std::int64_t peak = 0;    // the most that was handed out at once since reset_peak_memory()
  std::int64_t cached = 0;  // kept for reuse, not handed out
};

MemoryStats memory_stats(Device device = Device::cpu);
void reset_peak_memory(Device device = Device::cpu);
/// Gives the cached bytes back to the system.
void release_cached_memory(Device device = Device::cpu);

/// One block of the pool of `device`, 64-byte aligned, uninitialised; goes back on destruction.
///
/// `version` counts the writes: what was computed from the contents (a zero mask, packed weights)
/// or needs them later (a Saved tensor) remembers it, and is void once it differs.
///
/// Cost      no system call when the pool has a block of the size class; classes are 1/8 apart.
/// Errors    DeviceError if the memory cannot be had (the message says how much was asked for and
///           is in use), or the device is not part of this build.
class Storage {
 public:
  Storage(std::size_t bytes, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void written() { version_.fetch_add(1, std::memory_order_relaxed); }

  /// What was made from the present contents under `key`, or null.  See Tensor::derived.  Captured
  /// work finds only what it made itself: it will be done again when the contents are others.
  std::shared_ptr<const void> derived(std::string_view key) const;
  void set_derived(std::string_view key, std::shared_ptr<const void> value);

 private:
  struct Derived {
    std::string key;
    std::uint64_t version;
    std::uint64_t capture;  // in which it was made; 0: in none
    std::shared_ptr<const void> value;
  };
  std::byte* data_;
  std::size_t bytes_;
  Device device_;
  std::atomic<std::uint64_t> version_{0};
  std::vector<Derived> derived_;  // guarded by one lock for all storages
};

}  // namespace joule
