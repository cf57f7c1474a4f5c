// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/zero_mask_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "joule/core/threads.h"
#include "joule/kernels/zero_mask_cpu.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

std::int64_t MaskRows(const float* x, std::int64_t rows, std::int64_t channels,
                      std::uint64_t* mask) {
  std::int64_t nonzeros = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t left = channels; left > 0; left -= 64, ++mask) {
      const std::int64_t count = std::min<std::int64_t>(64, left);
      std::uint64_t bits = 0;
      for_each_channel(count,
                       [&](auto d, auto c) { bits |= nonzero_bits(d, hn::LoadU(d, x + c)) << c; });
      x += count;
      *mask = bits;
      nonzeros += std::popcount(bits);
    }
  }
  return nonzeros;
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(MaskRows);

std::shared_ptr<const ZeroMask> zero_mask_of(const Tensor& t) {
  const std::int64_t channels = t.shape().rank() ? t.dim(-1) : 1;
  // A mask that reshape() handed on has the rows of the tensor that it was made for.
  if (auto mask = t.zero_mask(); mask && mask->channels() == channels) return mask;
  const std::int64_t rows = channels ? t.numel() / channels : 0;
  const float* const x = t.data<float>();
  auto mask = std::make_shared<ZeroMask>(rows, channels, Device::cpu);
  mask->set_nonzeros(
      parallel_sum<std::int64_t>(rows, channels, [&](std::int64_t begin, std::int64_t end) {
        return HWY_DYNAMIC_DISPATCH(MaskRows)(x + begin * channels, end - begin, channels,
                                              mask->words(begin));
      }));
  t.attach(mask);
  return mask;
}

}  // namespace joule::cpu
#endif
