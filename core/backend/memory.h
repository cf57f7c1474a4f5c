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

/// Bytes in the caching pool of one device.
struct MemoryStats {
  std::int64_t in_use = 0;  // handed out now
  std::int64_t peak = 0;    // the maximum of in_use since reset_peak_memory()
  std::int64_t cached = 0;  // kept for reuse
};

MemoryStats memory_stats(Device device = Device::cpu);
void reset_peak_memory(Device device = Device::cpu);
/// Returns the cached bytes to the system.
void release_cached_memory(Device device = Device::cpu);

/// One uninitialised block, 64-byte aligned, from the pool of `device`; the destructor returns it.
///
/// `version` counts the writes.  Whatever was computed from the contents (a zero mask, packed
/// weights) or will need them (a Saved tensor) stores the version, and is invalid once it differs.
///
/// Cost      no system call if the pool has a block of the size class; classes are 1/8 apart.
/// Errors    DeviceError if the allocation fails (the message gives the bytes asked for and in
///           use), or if the device is not part of this build.
class Storage {
 public:
  Storage(std::size_t bytes, Device device);
  /// Not a block, but the caller's memory on the CPU, which `memory` points to and keeps alive.
  /// It may change without being counted here, so nothing that is derived from it is kept.
  Storage(std::shared_ptr<const void> memory, std::size_t bytes);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  bool borrowed() const { return borrowed_; }  // never written through a tensor
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void written() { version_.fetch_add(1, std::memory_order_relaxed); }

  /// What was made from the present contents under `key`, or null.  See Tensor::derived.  Captured
  /// work finds only what it made itself: each replay must make it again from new contents.
  std::shared_ptr<const void> derived(std::string_view key) const;
  void set_derived(std::string_view key, std::shared_ptr<const void> value);

 private:
  struct Derived {
    std::string key;
    std::uint64_t version;
    std::uint64_t capture;  // the capture in which it was made; 0: none
    std::shared_ptr<const void> value;
  };
  std::byte* data_;
  std::size_t bytes_;
  Device device_;
  bool borrowed_ = false;
  std::shared_ptr<const void> memory_{};  // if borrowed
  std::atomic<std::uint64_t> version_{0};
  std::vector<Derived> derived_;  // one lock guards those of all storages
};

}  // namespace joule
