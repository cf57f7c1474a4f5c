// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/relu/relu_rows.h"

namespace joule::cpu {

/// The ReLU of a Conv2d, applied to items of consecutive pixels of y while they are in cache.
class ReluEpilogue {
 public:
  ReluEpilogue(const ops::Conv2d& op, float* y, std::int64_t items)
      : op_(op),
        y_(y),
        mask_(std::make_shared<ZeroMask>(op.y.numel() / op.y.dim(3), op.y.dim(3), Device::cpu)),
        sums_(static_cast<std::size_t>(items)) {}

  /// Several threads may call it, once per item.
  void run(std::int64_t item, std::int64_t pixel, std::int64_t pixels) {
    const std::int64_t channels = mask_->channels();
    float* const rows = y_ + pixel * channels;
    Sums sums;
    sums.nonzeros = relu_rows({.rows = pixels,
                               .channels = channels,
                               .x = rows,
                               .bias = nullptr,
                               .y = rows,
                               .mask = mask_->words(pixel),
                               .sigma = op_.sigma,
                               .l0_sum = op_.l0_sum ? &sums.l0 : nullptr,
                               .threshold = op_.threshold});
    sums_[static_cast<std::size_t>(item)] = sums;
  }

  /// Call it after all items: adds their sums in order and attaches the mask to y.
  void finish() {
    Sums total;
    for (const Sums& sums : sums_) total.nonzeros += sums.nonzeros, total.l0 += sums.l0;
    mask_->set_nonzeros(total.nonzeros);
    if (op_.l0_sum) *op_.l0_sum.mutable_data<float>() = static_cast<float>(total.l0);
    op_.y.attach(mask_);
  }

 private:
  struct Sums {
    std::int64_t nonzeros = 0;
    double l0 = 0;
  };
  const ops::Conv2d& op_;
  float* y_;
  std::shared_ptr<ZeroMask> mask_;
  std::vector<Sums> sums_;
};

}  // namespace joule::cpu
