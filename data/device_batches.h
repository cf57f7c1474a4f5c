// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <iterator>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/data/loader.h"

namespace joule {

/// Host memory that a device can copy from by itself.
class PinnedMemory {
 public:
  explicit PinnedMemory(Device device) : device_(device) {}
  PinnedMemory(PinnedMemory&& other) noexcept;
  PinnedMemory& operator=(PinnedMemory&& other) noexcept;
  ~PinnedMemory();

  /// At least `bytes` bytes; the previous contents are lost.
  std::byte* reserve(std::size_t bytes);

 private:
  Device device_;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// The batches of one pass of a loader, on a device.  While the device uses one batch, the next is
/// copied there through pinned memory.
///
///   for (const Batch& batch : DeviceBatches(loader, Device::cuda)) ...
///
/// On the CPU, these are the loader's own batches.
///
/// Cost      device memory for two batches, pinned memory for one.
/// Errors    DeviceError if there is no such device; as DataLoader, at the batch that failed.
class DeviceBatches {
 public:
  /// The loader must outlive this object and must not change meanwhile.
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
    std::vector<std::int64_t> copies_;  // of the next batch, in progress
    std::exception_ptr error_;          // thrown instead of the next batch
  };

  Iterator begin() const { return Iterator(loader_, device_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  const DataLoader& loader_;
  Device device_;
};

}  // namespace joule
