// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/tensor.h"

namespace joule {

/// What the host wants to know of a device, waited for once:
///
///   ReadBack read(Device::cuda);
///   const Tensor loss = read.add(out.loss), logits = read.add(out.logits);
///   read.wait();
class ReadBack {
 public:
  explicit ReadBack(Device device) : device_(device) {}

  /// On the CPU; its values are there after wait().
  Tensor add(const Tensor& tensor);
  /// How many non-zeros there are; to be read after wait(), while this lives.
  const std::int64_t& add(const ZeroMask& mask);
  /// Errors    DeviceError; what the device was asked for before may have failed.
  void wait();

 private:
  Device device_;
  std::vector<HostCopy> copies_;
  std::deque<std::int64_t> counts_;  // which do not move
};

}  // namespace joule
