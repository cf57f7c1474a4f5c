// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <functional>
#include <vector>

#include "core/threads.h"
#include "kernels/conv2d/conv2d_impl.h"

namespace joule {
namespace {

/// Along one axis: how many taps of each output read the image, and how often each input is read.
struct AxisUses {
  std::vector<std::int64_t> of_output, of_input;

  AxisUses(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
           std::int64_t pad, std::int64_t dilation)
      : of_output(out), of_input(in) {
    for (std::int64_t p = 0; p < out; ++p) {
      for (std::int64_t r = 0; r < kernel; ++r) {
        const std::int64_t i = p * stride - pad + r * dilation;
        if (i >= 0 && i < in) ++of_output[p], ++of_input[i];
      }
    }
  }
};

AxisUses uses_h(const Conv2dShape& s) {
  return {s.in_h, s.out_h(), s.kernel_h, s.stride_h, s.pad_h, s.dilation_h};
}
AxisUses uses_w(const Conv2dShape& s) {
  return {s.in_w, s.out_w(), s.kernel_w, s.stride_w, s.pad_w, s.dilation_w};
}

struct Weighed {
  std::int64_t count = 0, macs = 0;
  void operator+=(const Weighed& o) { count += o.count, macs += o.macs; }
};

/// The zeros of t [N,H,W,C], and the sum over them of h[row] * w[column].  From the mask that the
/// producer of t wrote if there is one, otherwise by a pass of its own.
Weighed weigh_zeros(const Tensor& t, const std::vector<std::int64_t>& h,
                    const std::vector<std::int64_t>& w) {
  const std::int64_t height = t.dim(1), width = t.dim(2), channels = t.dim(3);
  if (t.numel() == 0) return {};
  // sum over the pixels whose weight is not `usual` of (zeros, weight(row, column) * zeros)
  const auto sum = [&](std::int64_t usual, auto&& weight, auto&& zeros_of_pixel) {
    return parallel_sum<Weighed>(
        t.dim(0) * height, width * channels, [&](std::int64_t begin, std::int64_t end) {
          Weighed total;
          for (std::int64_t row = begin; row < end; ++row) {
            const std::int64_t row_uses = h[row % height];
            for (std::int64_t column = 0; column < width; ++column) {
              const std::int64_t uses = row_uses * w[column];
              if (uses == usual) continue;
              const std::int64_t zeros = zeros_of_pixel(row * width + column);
              total += {zeros, weight(uses) * zeros};
            }
          }
          return total;
        });
  };
  if (const auto mask = t.zero_mask(); mask && mask->channels() == channels) {
    // The mask knows the number of zeros.  Most pixels meet all taps, so only the words of those
    // that do not are read: a tenth of a pass.
    const std::int64_t most =
        *std::max_element(h.begin(), h.end()) * *std::max_element(w.begin(), w.end());
    const std::int64_t words = mask->words_per_row();
    const Weighed fewer = sum(
        most, [&](std::int64_t uses) { return most - uses; },
        [&](std::int64_t pixel) {
          std::int64_t nonzeros = 0;
          for (std::int64_t i = 0; i < words; ++i) nonzeros += std::popcount(mask->words(pixel)[i]);
          return channels - nonzeros;
        });
    const std::int64_t count = t.numel() - mask->nonzeros();
    return {count, most * count - fewer.macs};
  }
  return visit_float(t.dtype(), [&]<class T>(T) {
    const T* const values = t.data<T>();
    constexpr std::int64_t kNone = -1;
    return sum(kNone, std::identity(), [&](std::int64_t pixel) {
      int zeros = 0;  // narrow: so that the compiler counts in vectors
      for (std::int64_t c = 0; c < channels; ++c) zeros += values[pixel * channels + c] == T(0);
      return std::int64_t{zeros};
    });
  });
}

void add(Tally& tally, const Tensor& t, const Weighed& weighed, std::int64_t macs_per_use,
         Zeros zeros) {
  const std::int64_t macs = weighed.macs * macs_per_use;
  tally.values_in += t.numel();
  tally.values_in_nonzero += t.numel() - weighed.count;
  tally.macs_skippable += macs;
  if (zeros == Zeros::skipped) tally.macs_skipped += macs;
}

}  // namespace

void count_zeros_of_x(Tally* tally, const Conv2dShape& s, const Tensor& x, Zeros zeros) {
  if (!tally) return;
  add(*tally, x, weigh_zeros(x, uses_h(s).of_input, uses_w(s).of_input), s.out_per_group(), zeros);
}

void count_zeros_of_grad_y(Tally* tally, const Conv2dShape& s, const Tensor& grad_y, Zeros zeros) {
  if (!tally) return;
  add(*tally, grad_y, weigh_zeros(grad_y, uses_h(s).of_output, uses_w(s).of_output),
      s.in_per_group(), zeros);
}

void count_zeros_of_grad_input(Tally* tally, const Conv2dShape& s, const Conv2dGradInput& op) {
  if (!tally) return;
  Tally by_grad_y, by_wanted;
  count_zeros_of_grad_y(&by_grad_y, s, op.grad_y);
  if (op.wanted) count_zeros_of_x(&by_wanted, s, op.wanted);
  *tally += by_wanted.macs_skippable > by_grad_y.macs_skippable ? by_wanted : by_grad_y;
}

}  // namespace joule
