// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <memory>

#include "joule/core/tensor.h"
#include "joule/core/threads.h"

namespace joule {

/// The zero mask of the present values of `t` ([..., channels]), in its own pass: for references
/// and for tensors whose producer wrote none.  Same definition as the epilogues', hence their test.
inline std::shared_ptr<ZeroMask> mask_of(const Tensor& t) {
  const std::int64_t channels = t.shape().rank() ? t.dim(-1) : 1;
  const std::int64_t rows = channels ? t.numel() / channels : 0;
  auto mask = std::make_shared<ZeroMask>(rows, channels, t.device());
  visit_float(t.dtype(), [&]<class T>(T) {
    const T* const x = t.data<T>();
    const std::int64_t words = mask->words_per_row();
    mask->set_nonzeros(
        parallel_sum<std::int64_t>(rows, channels, [&](std::int64_t begin, std::int64_t end) {
          std::int64_t count = 0;
          for (std::int64_t row = begin; row < end; ++row) {
            for (std::int64_t word = 0; word < words; ++word) {
              std::uint64_t bits = 0;
              for (std::int64_t c = word * 64; c < channels && c < word * 64 + 64; ++c) {
                bits |= std::uint64_t{x[row * channels + c] != T(0)} << (c % 64);
              }
              mask->words(row)[word] = bits;
              count += std::popcount(bits);
            }
          }
          return count;
        }));
  });
  return mask;
}

}  // namespace joule
