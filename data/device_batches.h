// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <iterator>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/data/loader.h"

namespace joule {

/// Host memory from which a device copies by itself.
class PinnedMemory {
 public:
  explicit PinnedMemory(Device device) : device_(device) {}
  PinnedMemory(PinnedMemory&& other) noexcept;
  PinnedMemory& operator=(PinnedMemory&& other) noexcept;
  ~PinnedMemory();

  /// At least so many bytes; what was there before is lost.
  std::byte* reserve(std::size_t bytes);

 private:
  Device device_;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// The batches of one pass of a loader, on a device: while one is in use there, the next is copied
/// there through pinned memory.
///
///   for (const Batch& batch : DeviceBatches(loader, Device::cuda)) ...
///
/// On the CPU they are the loader's own.
///
/// Cost      two batches of the device's memory, one of pinned memory.
/// Errors    DeviceError if there is no such device; as DataLoader, at the batch concerned.
class DeviceBatches {
 public:
  /// The loader must outlive this and not be changed meanwhile.
  DeviceBatches(const DataLoader& loader, Device device) : loader_(loader), device_(device) {}

  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    Iterator(const DataLoader& loader, Device device);
    Iterator(Iterator&& other) = default;
    Iterator& operator=(Iterator&&) = delete;
    ~Iterator();

    const Batch& operator*() const { return device_ == Device::cpu ? *host_ : batch_; }
    const Batch* operator->() const { return &**this; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !(**this).images.defined(); }

   private:
    void start_next();
    void take_next();
    void finish_copies();
    Tensor upload(const Tensor& tensor, PinnedMemory& through);

    Device device_;
    DataLoader::Iterator host_;
    Batch batch_, next_;
    PinnedMemory images_, labels_;      // of the next batch
    std::vector<std::int64_t> copies_;  // that are under way to it
    std::exception_ptr error_;          // instead of it
  };

  Iterator begin() const { return Iterator(loader_, device_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  const DataLoader& loader_;
  Device device_;
};

}  // namespace joule
