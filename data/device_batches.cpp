// SPDX-License-Identifier: MIT
#include "joule/data/device_batches.h"

#include <cstring>
#include <utility>

#include "joule/core/error.h"

namespace joule {

PinnedMemory::PinnedMemory(PinnedMemory&& other) noexcept
    : device_(other.device_),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

PinnedMemory& PinnedMemory::operator=(PinnedMemory&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

PinnedMemory::~PinnedMemory() {
  if (data_) backend(device_).free_pinned(data_, bytes_);
}

std::byte* PinnedMemory::reserve(std::size_t bytes) {
  if (bytes > bytes_) {
    PinnedMemory larger(device_);
    larger.data_ = backend(device_).allocate_pinned(bytes);
    larger.bytes_ = bytes;
    *this = std::move(larger);
  }
  return data_;
}

DeviceBatches::Iterator::Iterator(const DataLoader& loader, Device device)
    : device_(device), host_(loader.begin()), images_(device), labels_(device) {
  if (device_ == Device::cpu) return;
  start_next();
  take_next();
}

DeviceBatches::Iterator::~Iterator() {
  try {
    finish_copies();
  } catch (const DeviceError&) {  // the device is lost, and the copies with it
  }
}

DeviceBatches::Iterator& DeviceBatches::Iterator::operator++() {
  if (device_ == Device::cpu) {
    ++host_;
  } else {
    take_next();
  }
  return *this;
}

/// Puts the loader's next batch on its way; keeps what it throws until that batch is due.
void DeviceBatches::Iterator::start_next() {
  try {
    if (batch_.images) ++host_;
    if (host_ == std::default_sentinel) return;
    next_.images = upload(host_->images, images_);
    next_.labels = upload(host_->labels, labels_);
  } catch (...) {
    error_ = std::current_exception();
  }
}

/// Makes the batch that is on its way the present one, and starts the one after it.
void DeviceBatches::Iterator::take_next() {
  batch_ = {};  // its memory is free for what is to come
  finish_copies();
  const Batch due = std::exchange(next_, {});
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  batch_ = due;
  if (batch_.images) start_next();
}

void DeviceBatches::Iterator::finish_copies() {
  for (const std::int64_t copy : std::exchange(copies_, {})) backend(device_).finish(copy);
}

Tensor DeviceBatches::Iterator::upload(const Tensor& tensor, PinnedMemory& through) {
  const Tensor there(tensor.shape(), tensor.dtype(), device_);
  std::byte* const pinned = through.reserve(tensor.bytes());
  std::memcpy(pinned, tensor.raw(), tensor.bytes());
  copies_.push_back(backend(device_).copy_in_beside(there.mutable_raw(), pinned, tensor.bytes()));
  return there;
}

}  // namespace joule
