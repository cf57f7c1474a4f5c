// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/batch_norm/batch_norm_rows_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <cstring>

#include "joule/kernels/batch_norm/batch_norm_rows_cpu.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

// sums[c] += value(d, row, c) over the rows.  Four rows at a time, in the order of memory, so that
// the sums need not stay in registers whatever the number of channels.
template <class Value>
HWY_INLINE void add_rows(std::int64_t rows, std::int64_t channels, float* sums, Value&& value) {
  std::int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto four = hn::Add(hn::Add(value(d, r, c), value(d, r + 1, c)),
                                hn::Add(value(d, r + 2, c), value(d, r + 3, c)));
      hn::StoreU(hn::Add(hn::LoadU(d, sums + c), four), d, sums + c);
    });
  }
  for (; r < rows; ++r) {
    for_each_channel(channels, [&](auto d, auto c) {
      hn::StoreU(hn::Add(hn::LoadU(d, sums + c), value(d, r, c)), d, sums + c);
    });
  }
}

// As add_rows() twice: sums[c] of first(d, row, c), and products[c] of that times second(d, row,
// c).
template <class First, class Second>
HWY_INLINE void add_products(std::int64_t rows, std::int64_t channels, float* sums, float* products,
                             First&& first, Second&& second) {
  std::int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto a0 = first(d, r, c), a1 = first(d, r + 1, c);
      const auto a2 = first(d, r + 2, c), a3 = first(d, r + 3, c);
      const auto four = hn::Add(hn::Add(a0, a1), hn::Add(a2, a3));
      const auto of_four =
          hn::Add(hn::Add(hn::Mul(a0, second(d, r, c)), hn::Mul(a1, second(d, r + 1, c))),
                  hn::Add(hn::Mul(a2, second(d, r + 2, c)), hn::Mul(a3, second(d, r + 3, c))));
      hn::StoreU(hn::Add(hn::LoadU(d, sums + c), four), d, sums + c);
      hn::StoreU(hn::Add(hn::LoadU(d, products + c), of_four), d, products + c);
    });
  }
  for (; r < rows; ++r) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto a = first(d, r, c);
      const auto product = hn::Mul(a, second(d, r, c));
      hn::StoreU(hn::Add(hn::LoadU(d, sums + c), a), d, sums + c);
      hn::StoreU(hn::Add(hn::LoadU(d, products + c), product), d, products + c);
    });
  }
}

// Loads elements of rows: all of them, or those that a mask has, and 0 for the others.
struct EachElement {
  const float* from;
  std::int64_t channels;
  template <class D>
  HWY_INLINE auto operator()(D d, std::int64_t row, std::int64_t c) const {
    return hn::LoadU(d, from + row * channels + c);
  }
};
struct MaskedElement {
  const float* from;
  std::int64_t channels;
  const std::uint64_t* mask;
  std::int64_t words;  // of a row
  template <class D>
  HWY_INLINE auto operator()(D d, std::int64_t row, std::int64_t c) const {
    // A vector begins at a multiple of its lanes, so its bits are in one word.
    const std::uint64_t here = mask[row * words + c / 64] >> c % 64;
    std::uint8_t bytes[8];
    std::memcpy(bytes, &here, sizeof here);
    return hn::IfThenElseZero(hn::LoadMaskBits(d, bytes), hn::LoadU(d, from + row * channels + c));
  }
};

// body(load), where load(d, row, c) gives what of the gradient counts.
template <class Body>
HWY_INLINE void with_gradient(const NormGradRows& args, Body&& body) {
  if (args.mask) {
    body(MaskedElement{args.grad_y, args.channels, args.mask, (args.channels + 63) / 64});
  } else {
    body(EachElement{args.grad_y, args.channels});
  }
}

// sum[c] of x - its first row: an offset that all rows have costs no bits.
void SumTarget(std::int64_t rows, std::int64_t channels, const float* x, float* sum) {
  add_rows(rows, channels, sum, [=](auto d, auto r, auto c) {
    return hn::Sub(hn::LoadU(d, x + r * channels + c), hn::LoadU(d, x + c));
  });
}

// residual[c] = sum of x - mean, squares[c] = sum of (x - mean)^2
void CentredSumsTarget(std::int64_t rows, std::int64_t channels, const float* x, const float* mean,
                       float* residual, float* squares) {
  const auto centred = [=](auto d, auto r, auto c) {
    return hn::Sub(hn::LoadU(d, x + r * channels + c), hn::LoadU(d, mean + c));
  };
  add_products(rows, channels, residual, squares, centred, centred);
}

// sum[c] of grad_y, product[c] of grad_y * (x - mean)
void GradSumsTarget(const NormGradRows& args, float* sum, float* product) {
  const float* const x = args.x;
  const float* const mean = args.mean;
  const std::int64_t channels = args.channels;
  with_gradient(args, [&](const auto& gradient) {
    add_products(args.rows, channels, sum, product, gradient, [=](auto d, auto r, auto c) {
      return hn::Sub(hn::LoadU(d, x + r * channels + c), hn::LoadU(d, mean + c));
    });
  });
}

// y = (x - mean) * scale + shift, plus the addend if there is one.
template <bool kAddend>
HWY_INLINE void apply_rows(std::int64_t rows, const NormRows& op, const float* x,
                           const float* addend, float* y) {
  const std::int64_t channels = op.channels;
  for (std::int64_t i = 0; i < rows * channels; i += channels) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto centred = hn::Sub(hn::LoadU(d, x + i + c), hn::LoadU(d, op.mean + c));
      auto value = hn::MulAdd(centred, hn::LoadU(d, op.scale + c), hn::LoadU(d, op.shift + c));
      if constexpr (kAddend) value = hn::Add(value, hn::LoadU(d, addend + i + c));
      hn::StoreU(value, d, y + i + c);
    });
  }
}

void ApplyTarget(std::int64_t rows, const NormRows& op, const float* x, const float* addend,
                 float* y) {
  if (addend) {
    apply_rows<true>(rows, op, x, addend, y);
  } else {
    apply_rows<false>(rows, op, x, addend, y);
  }
}

// grad_x = grad_y * scale
void ScaleTarget(std::int64_t rows, std::int64_t channels, const float* grad_y, const float* scale,
                 float* grad_x) {
  for (std::int64_t i = 0; i < rows * channels; i += channels) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto grad = hn::LoadU(d, grad_y + i + c);
      hn::StoreU(hn::Mul(grad, hn::LoadU(d, scale + c)), d, grad_x + i + c);
    });
  }
}

// grad_x = scale * ((grad_y - offset) - slope * (x - mean))
void GradApplyTarget(const NormGradRows& args, const float* scale, const float* offset,
                     const float* slope, float* grad_x) {
  const std::int64_t channels = args.channels;
  with_gradient(args, [&](const auto& gradient) {
    for (std::int64_t r = 0; r < args.rows; ++r) {
      const float* const x = args.x + r * channels;
      for_each_channel(channels, [&](auto d, auto c) {
        const auto centred = hn::Sub(hn::LoadU(d, x + c), hn::LoadU(d, args.mean + c));
        const auto grad = hn::Sub(gradient(d, r, c), hn::LoadU(d, offset + c));
        const auto value = hn::NegMulAdd(hn::LoadU(d, slope + c), centred, grad);
        hn::StoreU(hn::Mul(hn::LoadU(d, scale + c), value), d, grad_x + r * channels + c);
      });
    }
  });
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(SumTarget);
HWY_EXPORT(CentredSumsTarget);
HWY_EXPORT(GradSumsTarget);
HWY_EXPORT(ApplyTarget);
HWY_EXPORT(ScaleTarget);
HWY_EXPORT(GradApplyTarget);

void norm_sum(std::int64_t rows, std::int64_t channels, const float* x, float* sum) {
  HWY_DYNAMIC_DISPATCH(SumTarget)(rows, channels, x, sum);
}
void norm_centred_sums(std::int64_t rows, std::int64_t channels, const float* x, const float* mean,
                       float* residual, float* squares) {
  HWY_DYNAMIC_DISPATCH(CentredSumsTarget)(rows, channels, x, mean, residual, squares);
}
void norm_apply(std::int64_t rows, const NormRows& op, const float* x, const float* addend,
                float* y) {
  HWY_DYNAMIC_DISPATCH(ApplyTarget)(rows, op, x, addend, y);
}
void norm_grad_sums(const NormGradRows& args, float* sum, float* product) {
  HWY_DYNAMIC_DISPATCH(GradSumsTarget)(args, sum, product);
}
void norm_grad_apply(const NormGradRows& args, const float* scale, const float* offset,
                     const float* slope, float* grad_x) {
  HWY_DYNAMIC_DISPATCH(GradApplyTarget)(args, scale, offset, slope, grad_x);
}
void norm_scale(std::int64_t rows, std::int64_t channels, const float* grad_y, const float* scale,
                float* grad_x) {
  HWY_DYNAMIC_DISPATCH(ScaleTarget)(rows, channels, grad_y, scale, grad_x);
}

}  // namespace joule::cpu
#endif
