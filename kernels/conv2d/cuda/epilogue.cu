// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cuda/epilogue.h"

namespace joule::cuda {

EpilogueOf::EpilogueOf(const ops::Conv2d& op, const Grid& grid, std::int64_t covered) : op_(op) {
  if (op.bias) epilogue_.bias = op.bias.data<float>();
  if (!op.relu) return;
  mask_ = unwritten_mask(op.y);
  const std::int64_t words = mask_->words_per_row();
  if (covered < words * 64) {
    constexpr std::uint64_t kNone = 0;
    backend(Device::cuda)
        .fill(mask_->words(), static_cast<std::size_t>(mask_->rows() * words), &kNone,
              sizeof kNone);
  }
  epilogue_.relu = true;
  epilogue_.threshold = op.threshold;
  epilogue_.sigma = op.sigma;
  epilogue_.mask = reinterpret_cast<std::uint16_t*>(mask_->words());
  epilogue_.sixteens_per_row = words * 4;
  epilogue_.count = mask_->device_count();
  if (!op.l0_sum) return;
  l0_.emplace(grid);
  epilogue_.l0_sums = l0_->sums();
}

void EpilogueOf::finish() {
  if (l0_) l0_->write(op_.l0_sum);
  if (mask_) op_.y.attach(mask_);
}

}  // namespace joule::cuda
