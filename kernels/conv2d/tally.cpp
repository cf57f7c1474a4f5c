// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/impl.h"

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

/// sum over the rows [n, i] of t [N,H,W,C] of of_row(row, i), in a fixed order.
template <class OfRow>
Weighed sum_over_rows(const Tensor& t, std::int64_t columns, OfRow&& of_row) {
  const std::int64_t height = t.dim(1);
  return parallel_sum<Weighed>(t.dim(0) * height, columns * t.dim(3),
                               [&](std::int64_t begin, std::int64_t end) {
                                 Weighed total;
                                 for (std::int64_t row = begin; row < end; ++row) {
                                   total += of_row(row, row % height);
                                 }
                                 return total;
                               });
}

/// From the mask that the producer of t wrote.  It knows the number of zeros, and most pixels meet
/// all taps: only the words of those that do not are read, the border.
Weighed weigh_masked_zeros(const Tensor& t, const ZeroMask& mask,
                           const std::vector<std::int64_t>& h, const std::vector<std::int64_t>& w) {
  const std::int64_t width = t.dim(2), channels = t.dim(3), words = mask.words_per_row();
  const std::int64_t most_h = *std::ranges::max_element(h), most_w = *std::ranges::max_element(w);
  std::vector<std::int64_t> all, border;
  for (std::int64_t column = 0; column < width; ++column) {
    all.push_back(column);
    if (w[column] != most_w) border.push_back(column);
  }
  const Weighed fewer = sum_over_rows(
      t, static_cast<std::int64_t>(border.size()), [&](std::int64_t row, std::int64_t i) {
        Weighed total;
        for (const std::int64_t column : h[i] == most_h ? border : all) {
          const std::uint64_t* const bits = mask.words(row * width + column);
          std::int64_t zeros = channels;
          for (std::int64_t word = 0; word < words; ++word) zeros -= std::popcount(bits[word]);
          total += {zeros, (most_h * most_w - h[i] * w[column]) * zeros};
        }
        return total;
      });
  const std::int64_t count = t.numel() - mask.nonzeros();
  return {count, most_h * most_w * count - fewer.macs};
}

/// The zeros of t [N,H,W,C], and the sum over them of h[row] * w[column].
Weighed weigh_zeros(const Tensor& t, const std::vector<std::int64_t>& h,
                    const std::vector<std::int64_t>& w) {
  if (t.numel() == 0) return {};
  if (const auto mask = t.zero_mask(); mask && mask->channels() == t.dim(3)) {
    return weigh_masked_zeros(t, *mask, h, w);
  }
  const std::int64_t width = t.dim(2), channels = t.dim(3);
  return visit_float(t.dtype(), [&]<class T>(T) {
    const T* const values = t.data<T>();
    return sum_over_rows(t, width, [&](std::int64_t row, std::int64_t i) {
      Weighed total;
      for (std::int64_t column = 0, end; column < width; column = end) {
        // Columns of one weight together: most of a row, which lie in memory as one.
        for (end = column + 1; end < width && w[end] == w[column];) ++end;
        const T* const first = values + (row * width + column) * channels;
        int zeros = 0;  // narrow: so that the compiler counts in vectors
        for (std::int64_t k = 0; k < (end - column) * channels; ++k) zeros += first[k] == T(0);
        total += {zeros, h[i] * w[column] * zeros};
      }
      return total;
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

void count_zeros_of_grad_input(Tally* tally, const Conv2dShape& s, const ops::Conv2dGradInput& op) {
  if (!tally) return;
  Tally by_grad_y, by_wanted;
  count_zeros_of_grad_y(&by_grad_y, s, op.grad_y);
  if (op.wanted) count_zeros_of_x(&by_wanted, s, op.wanted);
  *tally += by_wanted.macs_skippable > by_grad_y.macs_skippable ? by_wanted : by_grad_y;
}

}  // namespace joule
