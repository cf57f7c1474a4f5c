// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/tensor.h"

namespace joule {

/// Reads several values back from a device with one wait:
///
///   ReadBack read(Device::cuda);
///   const Tensor loss = read.add(out.loss), logits = read.add(out.logits);
///   read.wait();
class ReadBack {
 public:
  explicit ReadBack(Device device) : device_(device) {}

  /// A tensor on the CPU; it has its values after wait().
  Tensor add(const Tensor& tensor);
  /// The number of non-zeros; read it after wait(), while this object lives.
  const std::int64_t& add(const ZeroMask& mask);
  /// Errors    DeviceError, also if work failed that was queued before.
  void wait();

 private:
  Device device_;
  std::vector<HostCopy> copies_;
  std::deque<std::int64_t> counts_;  // a deque, so that they do not move
};

}  // namespace joule
