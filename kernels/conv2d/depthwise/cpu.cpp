// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/conv2d/depthwise/cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/direct_plan.h"
#include "joule/kernels/conv2d/cpu/epilogue.h"
#include "joule/kernels/conv2d/cpu/grad_weight_skip_zero.h"
#include "joule/kernels/conv2d/depthwise/rows.h"
#include "joule/kernels/conv2d/impl.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// body(d), with d the widest vector that the channels fill: what is left of them is then done by a
// last vector that overlaps the one before it, which writes the same values again.
template <class Body>
void with_vectors_for(std::int64_t channels, Body&& body) {
  const hn::ScalableTag<float> all;
  if (channels >= static_cast<std::int64_t>(hn::Lanes(all))) return body(all);
  const hn::CappedTag<float, 8> eight;
  if (channels >= static_cast<std::int64_t>(hn::Lanes(eight))) return body(eight);
  body(hn::CappedTag<float, 1>());
}

// The taps of an output, as offsets into the image and the weights.
struct TapBox {
  std::int64_t rows, in_row, weight_row;
  std::int64_t columns, in_column, weight_column;
};

// Some outputs of a row that read the same taps, and what lies between one and the next.
struct TapRun {
  TapBox box;
  const float* in;
  const float* weights;
  const float* bias;
  float* out;
  std::int64_t in_step, out_step;
};

// kPixels outputs, kVectors vectors of channels from c on.  A tap's weights serve all the pixels
// and the products are added in as many chains as there are sums.  Bound: a load of x for each
// multiply-add.
template <int kPixels, int kVectors, class D>
HWY_INLINE void SumTaps(D d, const TapRun& run, std::int64_t c) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<D> sums[kPixels][kVectors];
  for (int v = 0; v < kVectors; ++v) {
    const auto first = run.bias ? hn::LoadU(d, run.bias + c + v * lanes) : hn::Zero(d);
    HWY_UNROLL(8)
    for (int i = 0; i < kPixels; ++i) sums[i][v] = first;
  }
  const TapBox& box = run.box;
  for (std::int64_t row = 0; row < box.rows; ++row) {
    const float* in = run.in + c + row * box.in_row;
    const float* weights = run.weights + c + row * box.weight_row;
    for (std::int64_t column = 0; column < box.columns; ++column) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) {
        const auto weight = hn::LoadU(d, weights + v * lanes);
        HWY_UNROLL(8)
        for (int i = 0; i < kPixels; ++i) {
          sums[i][v] =
              hn::MulAdd(hn::LoadU(d, in + i * run.in_step + v * lanes), weight, sums[i][v]);
        }
      }
      in += box.in_column;
      weights += box.weight_column;
    }
  }
  HWY_UNROLL(8)
  for (int i = 0; i < kPixels; ++i) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[i][v], d, run.out + i * run.out_step + c + v * lanes);
    }
  }
}

// All channels of kPixels outputs.
template <int kPixels, class D>
HWY_NOINLINE void SumPixels(D d, const TapRun& run, std::int64_t channels) {
  constexpr int kVectors = kPixels >= 8 ? 1 : kPixels == 4 ? 2 : 4;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t c = 0;
  for (; c + kVectors * lanes <= channels; c += kVectors * lanes) {
    SumTaps<kPixels, kVectors>(d, run, c);
  }
  for (; c + lanes <= channels; c += lanes) SumTaps<kPixels, 1>(d, run, c);
  if (c < channels) SumTaps<kPixels, 1>(d, run, channels - lanes);
}

// `pixels` outputs, at least kPixels, so many at a time: the last ones overlap those before them.
template <int kPixels, class D>
void SumBlocks(D d, TapRun run, std::int64_t pixels, std::int64_t channels) {
  for (std::int64_t left = pixels; left > 0; left -= kPixels) {
    const std::int64_t back = std::max<std::int64_t>(0, kPixels - left);
    run.in -= back * run.in_step;
    run.out -= back * run.out_step;
    SumPixels<kPixels>(d, run, channels);
    run.in += kPixels * run.in_step;
    run.out += kPixels * run.out_step;
  }
}

template <class D>
void SumRun(D d, const TapRun& run, std::int64_t pixels, std::int64_t channels) {
  if (pixels >= 8) return SumBlocks<8>(d, run, pixels, channels);
  if (pixels >= 4) return SumBlocks<4>(d, run, pixels, channels);
  if (pixels >= 2) return SumBlocks<2>(d, run, pixels, channels);
  SumPixels<1>(d, run, channels);
}

// One row of the outputs of a pass.  Those all of whose columns of taps lie inside the image are
// computed together, the others one by one; a tap outside is left out.
void DepthwiseRow(const DepthwisePass& args, std::int64_t image, std::int64_t u) {
  const PassAxis &h = args.pass.h, &w = args.pass.w;
  const std::int64_t channels = args.channels;
  const auto [top, bottom] = h.taps_inside(u, u);
  const std::int64_t in_row =
      (image * h.in + h.in_first + u * h.in_step + top * h.tap_step) * w.in * channels;
  const std::int64_t weight_row = (h.kernel_first + top * h.kernel_step) * args.kernel_w * channels;
  float* const out = args.out + (image * h.out + h.first + u * h.step) * w.out * channels;
  const std::int64_t all_first = w.outputs_inside(0, 0, w.count).first;
  const std::int64_t all_end = w.outputs_inside(w.taps - 1, 0, w.count).second;
  with_vectors_for(channels, [&, top = top, bottom = bottom](auto d) {
    for (std::int64_t v = 0; v < w.count;) {
      const bool inner = w.taps > 0 && v >= all_first && v < all_end;
      const std::int64_t pixels = inner ? all_end - v : 1;
      const auto [left, right] = w.taps_inside(v, v);
      const bool any = top < bottom && left < right;
      const std::int64_t in_at =
          in_row + (w.in_first + v * w.in_step + left * w.tap_step) * channels;
      const std::int64_t weight_at =
          weight_row + (w.kernel_first + left * w.kernel_step) * channels;
      SumRun(d,
             {.box = {.rows = any ? bottom - top : 0,
                      .in_row = h.tap_step * w.in * channels,
                      .weight_row = h.kernel_step * args.kernel_w * channels,
                      .columns = right - left,
                      .in_column = w.tap_step * channels,
                      .weight_column = w.kernel_step * channels},
              .in = any ? args.in + in_at : args.in,
              .weights = any ? args.weights + weight_at : args.weights,
              .bias = args.bias,
              .out = out + (w.first + v * w.step) * channels,
              .in_step = w.in_step * channels,
              .out_step = w.step * channels},
             pixels, channels);
      v += pixels;
    }
  });
}

// Taps of a row of the kernel, side by side, that are summed together.
constexpr std::int64_t kTapsTogether = 4;

// The columns of grad_y that each of them meets inside x.
struct TapColumns {
  std::int64_t first[kTapsTogether], end[kTapsTogether];
};

// The sums of kTaps taps from (tap_h, tap_w) on, for the channels of one vector: kTaps
// multiply-adds share a load of grad_y.
template <int kTaps, class D>
void SumGradWeight(D d, const DepthwiseGradWeightRows& args, const TapColumns& at,
                   std::int64_t tap_h, std::int64_t tap_w, std::int64_t c) {
  const Conv2dShape& s = args.shape;
  const std::int64_t out_h = s.out_h(), out_w = s.out_w(), channels = s.in_channels;
  const std::int64_t step = s.stride_w * channels, tap_step = s.dilation_w * channels;
  const std::int64_t all_first = *std::max_element(at.first, at.first + kTaps);
  const std::int64_t all_end = std::max(all_first, *std::min_element(at.end, at.end + kTaps));
  hn::Vec<D> sums[kTaps];
  for (int k = 0; k < kTaps; ++k) sums[k] = hn::Zero(d);
  for (std::int64_t row = args.begin; row < args.end; ++row) {
    const std::int64_t h = row % out_h * s.stride_h - s.pad_h + tap_h * s.dilation_h;
    if (h < 0 || h >= s.in_h) continue;
    const float* const grad_y = args.grad_y + row * out_w * channels + c;
    const float* const x = args.x + (row / out_h * s.in_h + h) * s.in_w * channels + c;
    const std::int64_t origin = (tap_w * s.dilation_w - s.pad_w) * channels;
    const auto meet = [&](int k, std::int64_t q) {
      sums[k] = hn::MulAdd(hn::LoadU(d, grad_y + q * channels),
                           hn::LoadU(d, x + (origin + q * step + k * tap_step)), sums[k]);
    };
    for (std::int64_t q = all_first; q < all_end; ++q) {
      const auto grad = hn::LoadU(d, grad_y + q * channels);
      HWY_UNROLL(4)
      for (int k = 0; k < kTaps; ++k) {
        const auto value = hn::LoadU(d, x + (origin + q * step + k * tap_step));
        sums[k] = hn::MulAdd(grad, value, sums[k]);
      }
    }
    HWY_UNROLL(4)
    for (int k = 0; k < kTaps; ++k) {
      for (std::int64_t q = at.first[k]; q < std::min(all_first, at.end[k]); ++q) meet(k, q);
      for (std::int64_t q = std::max(all_end, at.first[k]); q < at.end[k]; ++q) meet(k, q);
    }
  }
  float* const to = args.sums + (tap_h * s.kernel_w + tap_w) * channels + c;
  for (int k = 0; k < kTaps; ++k) hn::StoreU(sums[k], d, to + k * channels);
}

void DepthwiseGradWeight(const DepthwiseGradWeightRows& args) {
  const Conv2dShape& s = args.shape;
  with_vectors_for(s.in_channels, [&](auto d) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    for (std::int64_t tap_w = 0; tap_w < s.kernel_w; tap_w += kTapsTogether) {
      const std::int64_t taps = std::min(kTapsTogether, s.kernel_w - tap_w);
      TapColumns at;
      for (std::int64_t k = 0; k < taps; ++k) {
        const auto [first, end] = args.pass.w.outputs_inside(tap_w + k, 0, args.pass.w.count);
        at.first[k] = first, at.end[k] = end;
      }
      for (std::int64_t tap_h = 0; tap_h < s.kernel_h; ++tap_h) {
        for (std::int64_t next = 0; next < s.in_channels; next += lanes) {
          const std::int64_t c = std::min(next, s.in_channels - lanes);
          if (taps == 1) SumGradWeight<1>(d, args, at, tap_h, tap_w, c);
          if (taps == 2) SumGradWeight<2>(d, args, at, tap_h, tap_w, c);
          if (taps == 3) SumGradWeight<3>(d, args, at, tap_h, tap_w, c);
          if (taps == 4) SumGradWeight<4>(d, args, at, tap_h, tap_w, c);
        }
      }
    }
  });
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(DepthwiseRow);
HWY_EXPORT(DepthwiseGradWeight);

namespace {

// What an item reads and writes stays in L2 until its ReLU has run.
constexpr std::int64_t kDepthwiseItemFloats = 48 * 1024;
// What a thread is worth: some microseconds.
constexpr std::int64_t kDepthwiseMacsPerThread = 128 * 1024;

/// [channels, kernel_h, kernel_w] -> [kernel_h, kernel_w, channels], once per write of the weights.
std::shared_ptr<const Floats> depthwise_weights(const Tensor& weight) {
  return weight.derived<Floats>("conv2d.depthwise", [&] {
    const std::int64_t channels = weight.dim(0), taps = weight.dim(1) * weight.dim(2);
    auto packed = std::make_shared<Floats>(weight.numel());
    const float* const from = weight.data<float>();
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t k = 0; k < taps; ++k)
        packed->values()[k * channels + c] = from[c * taps + k];
    }
    return packed;
  });
}

Items depthwise_items(const Pass& pass, std::int64_t batch, std::int64_t channels) {
  return {batch, pass.h.count, (pass.h.in_step * pass.w.in + pass.w.count) * channels,
          kDepthwiseItemFloats};
}

void run_depthwise(const DepthwisePass& args, const Items& items, const PixelsDone& done) {
  const PassAxis &h = args.pass.h, &w = args.pass.w;
  const std::int64_t macs = items.rows * w.count * args.channels * h.taps * w.taps;
  const std::int64_t grain = kDepthwiseMacsPerThread / std::max<std::int64_t>(1, macs);
  parallel_for(items.count, std::max<std::int64_t>(1, grain),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t item = begin; item < end; ++item) {
                   const auto [image, first, last] = items.at(item, h.count);
                   for (std::int64_t u = first; u < last; ++u) {
                     HWY_DYNAMIC_DISPATCH(DepthwiseRow)(args, image, u);
                   }
                   if (done) {
                     done(item, (image * h.count + first) * w.count, (last - first) * w.count);
                   }
                 }
               });
}

}  // namespace

void conv2d_depthwise(const ops::Conv2d& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = depthwise_weights(op.weight);
  float* const y = op.y.mutable_data<float>();
  const DepthwisePass args{.pass = forward_pass(s),
                           .channels = s.in_channels,
                           .kernel_w = s.kernel_w,
                           .in = op.x.data<float>(),
                           .weights = weights->values(),
                           .bias = op.bias ? op.bias.data<float>() : nullptr,
                           .out = y};
  const Items items = depthwise_items(args.pass, s.batch, s.in_channels);
  if (op.relu) {
    ReluEpilogue relu(op, y, items.count);
    run_depthwise(args, items, [&](std::int64_t item, std::int64_t pixel, std::int64_t pixels) {
      relu.run(item, pixel, pixels);
    });
    relu.finish();
  } else {
    run_depthwise(args, items, nullptr);
  }
  count_zeros_of_x(tally, s, op.x);
}

void conv2d_grad_input_depthwise(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = depthwise_weights(op.weight);
  float* const grad_x = op.grad_x.mutable_data<float>();
  for (const Pass& pass : grad_input_passes(s)) {
    if (pass.h.count == 0 || pass.w.count == 0) continue;
    run_depthwise({.pass = pass,
                   .channels = s.in_channels,
                   .kernel_w = s.kernel_w,
                   .in = op.grad_y.data<float>(),
                   .weights = weights->values(),
                   .bias = nullptr,
                   .out = grad_x},
                  depthwise_items(pass, s.batch, s.in_channels), nullptr);
  }
  count_zeros_of_grad_input(tally, s, op);
}

// The rows of grad_y are cut into pieces whatever the number of threads; each has sums of its own,
// which are then added in order.
void conv2d_grad_weight_depthwise(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const std::int64_t channels = s.in_channels, taps = s.kernel_h * s.kernel_w;
  const std::int64_t size = taps * channels;
  const float* const x = op.x.data<float>();
  const float* const grad_y = op.grad_y.data<float>();
  const std::int64_t rows = s.batch * s.out_h();
  const Floats pieces(kReductionPieces * size);
  std::array<bool, kReductionPieces> made{};
  parallel_pieces(rows, s.out_w() * size,
                  [&](std::int64_t piece, std::int64_t begin, std::int64_t end) {
                    made[static_cast<std::size_t>(piece)] = true;
                    HWY_DYNAMIC_DISPATCH(DepthwiseGradWeight)
                    ({.shape = s,
                      .pass = forward_pass(s),
                      .begin = begin,
                      .end = end,
                      .x = x,
                      .grad_y = grad_y,
                      .sums = pieces.values() + piece * size});
                  });
  std::vector<float> sums(static_cast<std::size_t>(size));
  for (std::int64_t piece = 0; piece < kReductionPieces; ++piece) {
    if (!made[static_cast<std::size_t>(piece)]) continue;
    std::transform(sums.begin(), sums.end(), pieces.values() + piece * size, sums.begin(),
                   std::plus<>());
  }
  float* const grad_w = op.grad_weight.mutable_data<float>();
  for (std::int64_t i = 0; i < size; ++i) grad_w[i % channels * taps + i / channels] = sums[i];
  if (op.grad_bias) {
    sum_pixels(grad_y, op.grad_y.numel() / channels, channels, op.grad_bias.mutable_data<float>());
  }
  count_zeros_of_x(tally, s, op.x);
}

}  // namespace joule::cpu
#endif
