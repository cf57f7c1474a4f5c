// SPDX-License-Identifier: MIT
#include "joule/core/backend/read_back.h"

namespace joule {

Tensor ReadBack::add(const Tensor& tensor) {
  if (tensor.device() == Device::cpu) return tensor;
  require(tensor.device() == device_, "read back: expected a tensor on ", device_, ", got ",
          tensor.device());
  Tensor here(tensor.shape(), tensor.dtype());
  copies_.push_back({here.mutable_raw(), tensor.raw(), tensor.bytes()});
  return here;
}

const std::int64_t& ReadBack::add(const ZeroMask& mask) {
  std::int64_t& count = counts_.emplace_back(0);
  if (mask.device() == Device::cpu) {
    count = mask.nonzeros();
  } else {
    copies_.push_back({&count, mask.device_count(), sizeof count});
  }
  return count;
}

void ReadBack::wait() {
  if (!copies_.empty()) backend(device_).copy_out(copies_);
  copies_.clear();
}

}  // namespace joule
