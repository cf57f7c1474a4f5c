// SPDX-License-Identifier: MIT
#include "joule/core/backend/memory.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "joule/core/backend/backend.h"

namespace joule {
namespace {

std::mutex derived_mutex;

}  // namespace

MemoryStats memory_stats(Device device) { return backend(device).memory_stats(); }
void reset_peak_memory(Device device) { backend(device).reset_peak_memory(); }
void release_cached_memory(Device device) { backend(device).release_cached_memory(); }

Storage::Storage(std::size_t bytes, Device device)
    : data_(backend(device).allocate(bytes)), bytes_(bytes), device_(device) {}

Storage::Storage(std::shared_ptr<const void> memory, std::size_t bytes)
    : data_(static_cast<std::byte*>(const_cast<void*>(memory.get()))),
      bytes_(bytes),
      device_(Device::cpu),
      borrowed_(true),
      memory_(std::move(memory)) {}

Storage::~Storage() {
  if (!borrowed_) backend(device_).free(data_, bytes_);
}

std::shared_ptr<const void> Storage::derived(std::string_view key) const {
  if (borrowed_) return nullptr;
  const std::uint64_t capture = backend(device_).capturing();
  const std::lock_guard lock(derived_mutex);
  for (const Derived& entry : derived_) {
    const bool usable = capture == 0 || entry.capture == capture;
    if (entry.key == key && entry.version == version() && usable) return entry.value;
  }
  return nullptr;
}

void Storage::set_derived(std::string_view key, std::shared_ptr<const void> value) {
  if (borrowed_) return;
  const std::uint64_t capture = backend(device_).capturing();
  const std::lock_guard lock(derived_mutex);
  const std::uint64_t now = version();
  std::erase_if(derived_, [&](const Derived& e) { return e.key == key || e.version != now; });
  derived_.push_back({std::string(key), now, capture, std::move(value)});
}

}  // namespace joule
