// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/choice.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "joule/kernels/conv2d/cpu/costs.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/grad_weight_skip_zero.h"
#include "joule/kernels/conv2d/cuda/plan.h"
#include "joule/kernels/conv2d/impl.h"

namespace joule {
namespace {

/// The share of non-zeros that the operation which wrote t counted, or none.
std::optional<double> known_density(const Tensor& t) {
  const auto mask = t.zero_mask();
  if (!mask || t.numel() == 0) return std::nullopt;
  return static_cast<double>(mask->nonzeros()) / static_cast<double>(t.numel());
}

constexpr const char* kUnknownZeros = "no zero mask tells that it is worth it";
constexpr const char* kTooFewZeros = "there are too few zeros";

}  // namespace

namespace cpu {
namespace {

/// A 3x3 convolution with stride 1, or the gradient of its input: `in` and `out` are channels.
struct WinogradWork {
  std::int64_t images, out_h, out_w, in, out;

  explicit WinogradWork(const ops::Conv2d& op)
      : images(op.y.dim(0)),
        out_h(op.y.dim(1)),
        out_w(op.y.dim(2)),
        in(op.x.dim(3)),
        out(op.y.dim(3)) {}
  explicit WinogradWork(const ops::Conv2dGradInput& op)
      : images(op.grad_x.dim(0)),
        out_h(op.grad_x.dim(1)),
        out_w(op.grad_x.dim(2)),
        in(op.grad_y.dim(3)),
        out(op.grad_x.dim(3)) {}

  /// How long it takes by tiles of m x m outputs, the time of the sums of the definition being 1.
  double time(std::int64_t m) const {
    const Costs::Winograd& c = costs().winograd;
    const Costs::Winograd::Transforms& transform = m == 2 ? c.by_2x2 : c.by_4x4;
    const std::int64_t lanes = direct_lanes();
    const auto vectors = [=](std::int64_t channels) {
      return static_cast<double>((channels + lanes - 1) / lanes);
    };
    const auto transformed = [&](std::int64_t channels) {
      return transform.vector * vectors(channels) + (channels % lanes ? transform.tail : 0);
    };
    const auto tiles = static_cast<double>(images * ((out_h + m - 1) / m) * ((out_w + m - 1) / m));
    const double products = static_cast<double>((m + 2) * (m + 2) * in) * vectors(out);
    const double cycles = tiles * (transformed(in) + transformed(out)) +
                          products * std::max(tiles, c.least_tiles) / c.rate;
    const auto sums = static_cast<double>(images * out_h * out_w * 9 * in) * vectors(out);
    return cycles * costs().dense_rate / sums;
  }
};

/// The least time of Winograd's, of the tiles that are allowed; none if it is not allowed or does
/// not fit.
template <class Op>
std::optional<double> winograd_time(const Op& op) {
  const Algorithms allowed = context().algorithms;
  if (allowed == Algorithms::direct || !winograd_fits(shape_of(op))) return std::nullopt;
  const WinogradWork work(op);
  return allowed == Algorithms::winograd_2x2 ? work.time(2) : std::min(work.time(2), work.time(4));
}

/// What an implementation that skips has to take less than: the sums of the definition, and what
/// Winograd's take, but that these have to be clearly faster than what rounds less.
template <class Op>
double multiplying_time(const Op& op) {
  const auto winograd = winograd_time(op);
  return winograd ? std::min(1.0, *winograd * costs().winograd.over_skipping) : 1;
}

template <class Op>
const char* why_not_winograd(const Op& op, std::int64_t m) {
  const double time = WinogradWork(op).time(m);
  if (time >= costs().winograd.worth) return "not to transform is faster";
  return time > winograd_time(op).value_or(time) ? "tiles of another size are faster" : nullptr;
}

/// How long cpu.skip_zero takes, the dense time being 1: of a visit of a pixel, which meets at most
/// 64 input channels (of a tap, or of several if they are few) and up to eight vectors of output
/// channels.
double skip_zero_time(double density, std::int64_t taps, std::int64_t in_channels,
                      std::int64_t out_channels, Precision of_weights = Precision::f32) {
  const Costs::SkipZero& c = costs().skip_zero;
  const std::int64_t lanes = direct_lanes();
  const auto vectors =
      static_cast<double>(std::min<std::int64_t>(8, (out_channels + lanes - 1) / lanes));
  const std::int64_t together = std::clamp<std::int64_t>(64 / in_channels, 1, taps);
  const auto channels = static_cast<double>(std::min<std::int64_t>(64, in_channels * together));
  const double met = (vectors + c.broadcast_time(of_weights)) * c.two_loads / 2;
  const double skipping = c.visit + density * channels * met;
  return skipping / (channels * vectors / costs().dense_rate);
}

/// None if grad_y has no mask.
std::optional<double> grad_input_skip_zero_time(const ops::Conv2dGradInput& op) {
  const auto density = known_density(op.grad_y);
  if (!density) return std::nullopt;
  return skip_zero_time(*density, op.weight.dim(2), op.grad_y.dim(3), op.grad_x.dim(3));
}

/// As skip_zero_time, of cpu.skip_unwanted: the shorter its loops, the more it costs to begin one.
double skip_unwanted_time(const Conv2dShape& s, double density) {
  const double vectors =
      static_cast<double>(s.kernel_h * s.kernel_w * std::min<std::int64_t>(128, s.out_channels)) /
      16;
  const Costs::SkipUnwanted& c = costs().skip_unwanted;
  return c.all + c.all_by_vectors / vectors + density * (c.wanted + c.wanted_by_vectors / vectors);
}

/// The gradient of the weights that skips the zeros of one operand.
struct SkipGradWeight {
  double density, channels;  // of that operand
  double others;             // channels of the other operand,
  double other_pixels;       // and its pixels for one of that operand that meets a tap
  double taps, parts;        // that such an element meets; parts of at most 3x3
  double list_pixels;        // that a list of non-zeros covers
  bool in_order;             // its pixels: many non-zeros are listed faster than one by one

  /// How long it takes, the time of cpu.direct being 1.
  double time() const {
    const double lanes = static_cast<double>(direct_lanes());
    const double vectors = std::ceil(others / lanes), packed = other_pixels / channels * vectors;
    const Costs::GradWeight& c = costs().grad_weight;
    const double one_tap = c.one_tap.begun + c.one_tap.list * std::ceil(vectors / 8) / list_pixels;
    const double begun =
        in_order ? c.in_order.begun + c.in_order.part * parts * vectors + c.in_order.packed * packed
                 : (taps > 1 ? c.one_by_one.begun : one_tap) + c.one_by_one.packed * packed;
    const double listed = in_order ? c.in_order.listed : c.one_by_one.listed;
    const double met = (c.tap * taps + (taps > 1 ? c.part : c.part_of_one_tap) * parts) * vectors;
    return (begun + density * (listed + met)) / (taps * others / (lanes * costs().dense_rate));
  }
};

/// None if the operand has no mask.
std::optional<double> skip_grad_weight_time(const ops::Conv2dGradWeight& op, bool by_x) {
  const Tensor &mine = by_x ? op.x : op.grad_y, &other = by_x ? op.grad_y : op.x;
  const auto density = known_density(mine);
  if (!density) return std::nullopt;
  const Conv2dShape s = shape_of(op);
  // An element of x meets the taps of one phase of the strides; some phases may have none.
  const std::int64_t phases =
      by_x ? std::min(s.kernel_h, s.stride_h) * std::min(s.kernel_w, s.stride_w) : 1;
  const auto taps = static_cast<double>(s.kernel_h * s.kernel_w);
  const auto parts = static_cast<double>((s.kernel_h + 2) / 3 * ((s.kernel_w + 2) / 3));
  const auto strides = static_cast<double>(s.stride_h * s.stride_w);
  return SkipGradWeight{.density = *density,
                        .channels = static_cast<double>(mine.dim(3)),
                        .others = static_cast<double>(other.dim(3)),
                        .other_pixels = by_x ? 1 : strides,
                        .taps = taps / static_cast<double>(phases),
                        .parts = std::max(1.0, parts / static_cast<double>(phases)),
                        .list_pixels = static_cast<double>(nonzero_list_pixels(s, by_x)),
                        .in_order = taps > 1 && phases == 1}
      .time();
}

/// Which operand's zeros are skipped: where that takes less time, if it is worth it.
const char* why_not_by(const ops::Conv2dGradWeight& op, bool by_x) {
  const auto time = skip_grad_weight_time(op, by_x);
  if (!time) return kUnknownZeros;
  if (*time >= costs().grad_weight.worth) return kTooFewZeros;
  return skip_grad_weight_time(op, !by_x).value_or(1) < *time
             ? "skipping the zeros of the other operand saves more"
             : nullptr;
}

/// With nearly no non-zeros, what an output pixel costs in cycles.
struct VerySparse {
  double density, in;  // of the operand that is skipped,
  double in_pixels;    // and its pixels for one of the output
  double kernel_h, kernel_w, out;
  Precision of_weights = Precision::f32;

  double taps() const { return kernel_h * kernel_w; }
  double vectors() const { return std::ceil(out / 16); }
  double blocks() const { return std::ceil(vectors() / 8); }

  double runs() const {
    const Costs::VerySparse& c = costs().very_sparse;
    const double made = in_pixels * (c.word * std::ceil(in / 64) + density * in * c.nonzero);
    const double met = of_weights == Precision::bf16 ? c.met_bf16 : c.met;
    return made + c.end * kernel_h * blocks() + density * in * taps() * met * vectors();
  }
  /// Of a word of 64 channels, of a tap or of several; a visit has one, with bf16 weights two.
  double skip_zero() const {
    const auto parts = [this](double channels) {
      const double together = std::clamp(std::floor(channels / in), 1.0, kernel_w);
      return kernel_h * std::ceil(kernel_w / together) * std::ceil(in / channels);
    };
    const double most = of_weights == Precision::bf16 && in >= 64 ? 128 : 64;
    const Costs::VerySparse& c = costs().very_sparse;
    const double begun = parts(64) * c.branch * blocks() + parts(most) * c.sums * vectors();
    const double met = 0.5 * (vectors() + costs().skip_zero.broadcast_time(of_weights) * blocks());
    return begun + density * in * taps() * met;
  }
};

const char* why_not_runs_of(const Tensor& t, const Tensor& weight, std::int64_t out,
                            std::int64_t in_pixels, Precision of_weights = Precision::f32) {
  const auto density = known_density(t);
  if (!density) return kUnknownZeros;
  const VerySparse costs{.density = *density,
                         .in = static_cast<double>(t.dim(3)),
                         .in_pixels = static_cast<double>(in_pixels),
                         .kernel_h = static_cast<double>(weight.dim(1)),
                         .kernel_w = static_cast<double>(weight.dim(2)),
                         .out = static_cast<double>(out),
                         .of_weights = of_weights};
  return costs.runs() < costs.skip_zero() ? nullptr : "cpu.skip_zero is faster";
}

}  // namespace

template <Precision kWeights>
const char* why_not_skip_zero(const ops::Conv2d& op) {
  const auto density = known_density(op.x);
  if (!density) return kUnknownZeros;
  const double time =
      skip_zero_time(*density, op.weight.dim(2), op.x.dim(3), op.y.dim(3), kWeights);
  return time < multiplying_time(op) ? nullptr : kTooFewZeros;
}
template const char* why_not_skip_zero<Precision::f32>(const ops::Conv2d& op);
template const char* why_not_skip_zero<Precision::bf16>(const ops::Conv2d& op);

const char* why_not_skip_zero(const ops::Conv2dGradInput& op) {
  const auto time = grad_input_skip_zero_time(op);
  if (!time) return kUnknownZeros;
  return *time < multiplying_time(op) ? nullptr : kTooFewZeros;
}

template <Precision kWeights>
const char* why_not_runs(const ops::Conv2d& op) {
  return why_not_runs_of(op.x, op.weight, op.y.dim(3), op.params.stride.h * op.params.stride.w,
                         kWeights);
}
template const char* why_not_runs<Precision::f32>(const ops::Conv2d& op);
template const char* why_not_runs<Precision::bf16>(const ops::Conv2d& op);

const char* why_not_runs(const ops::Conv2dGradInput& op) {
  return why_not_runs_of(op.grad_y, op.weight, op.grad_x.dim(3), 1);
}

const char* why_not_winograd_2x2(const ops::Conv2d& op) { return why_not_winograd(op, 2); }
const char* why_not_winograd_4x4(const ops::Conv2d& op) { return why_not_winograd(op, 4); }
const char* why_not_winograd_2x2(const ops::Conv2dGradInput& op) { return why_not_winograd(op, 2); }
const char* why_not_winograd_4x4(const ops::Conv2dGradInput& op) { return why_not_winograd(op, 4); }

const char* why_not_skip_unwanted(const ops::Conv2dGradInput& op) {
  const auto density = known_density(op.wanted);
  if (!density) return kUnknownZeros;
  const double time = skip_unwanted_time(shape_of(op), *density);
  if (time >= multiplying_time(op)) return "too many elements are wanted";
  return grad_input_skip_zero_time(op).value_or(1) < time
             ? "skipping the zeros of grad_y saves more"
             : nullptr;
}

const char* why_not_skip_zero_x(const ops::Conv2dGradWeight& op) { return why_not_by(op, true); }
const char* why_not_skip_zero_grad_y(const ops::Conv2dGradWeight& op) {
  return why_not_by(op, false);
}

namespace {

/// cpu.depthwise computes fewer channels than these one by one.
const char* why_not_few_channels(std::int64_t channels) {
  return channels >= 8 ? nullptr : "the channels do not fill a vector";
}

}  // namespace

const char* why_not_depthwise(const ops::Conv2d& op) { return why_not_few_channels(op.x.dim(3)); }
const char* why_not_depthwise(const ops::Conv2dGradInput& op) {
  return why_not_few_channels(op.grad_x.dim(3));
}
const char* why_not_depthwise(const ops::Conv2dGradWeight& op) {
  return why_not_few_channels(op.x.dim(3));
}

}  // namespace cpu

namespace onednn {
namespace {

// oneDNN comes first where it was measured to be faster (joule bench conv):
// * on groups narrower than a vector, which cpu.direct fills with channels of one group;
// * forward with many channels; more with a ReLU, which costs cpu.direct less;
// * grad_input of few channels, which fill half of cpu.direct's registers.
constexpr const char* kDirectIsFaster = "cpu.direct is faster";

template <class Op>
const char* direct_is_faster(const Op& op) {
  const Conv2dShape s = shape_of(op);
  const bool narrow = s.groups > 1 && std::min(s.in_per_group(), s.out_per_group()) < 8;
  return narrow ? nullptr : kDirectIsFaster;
}

}  // namespace

const char* why_not(const ops::Conv2d& op) {
  const Conv2dShape s = shape_of(op);
  const bool many = s.groups == 1 && s.in_channels >= (op.relu ? 128 : 32) && s.out_channels >= 32;
  return many ? nullptr : direct_is_faster(op);
}

const char* why_not(const ops::Conv2dGradInput& op) {
  const Conv2dShape s = shape_of(op);
  const bool few = s.groups == 1 && s.in_channels == 32 && s.out_channels >= 32;
  return few ? nullptr : direct_is_faster(op);
}

const char* why_not(const ops::Conv2dGradWeight& op) { return direct_is_faster(op); }

}  // namespace onednn

namespace cuda {
namespace {

/// Why an implementation for CUDA that skips the zeros of `t` is not worth it, or null.
/// faster(density): whether
/// it is expected to be; the fewer non-zeros, the rather.
///
/// How many there are is known on the device, and to ask waits for it: some 20 us in which it may
/// idle.  So small convolutions do not ask, nor do those for which nothing depends on it.  (What an
/// earlier step had would be known without waiting, but then the bits of a step would depend on
/// where a run was interrupted.)
template <class Faster>
const char* why_not_on_gpu(const Tensor& t, const Conv2dShape& s, Faster&& faster) {
  constexpr std::int64_t kWorthWaiting = std::int64_t{1} << 31;  // 70 us at the peak of f32
  if (s.macs() < kWorthWaiting) return "it is too small to wait for the number of its zeros";
  if (!t.zero_mask()) return kUnknownZeros;
  if (!faster(0.0)) return "not to skip is faster for any number of zeros";
  return faster(*known_density(t)) ? nullptr : kTooFewZeros;
}

/// Of f32 by three products of TF32, in tiles of 64 columns: derived (cuda/plan.h), not measured.
const char* why_not_three_products_of(std::int64_t columns) {
  return three_products_cycles(columns) < implicit_gemm_cycles(columns)
             ? nullptr
             : "the tiles of cuda.implicit_gemm_8x8 fit better";
}

/// A convolution on CUDA, or the gradient of its input.
struct GpuPass {
  Conv2dShape shape;
  const Tensor& from;
  const Tensor& to;
  std::int64_t tap_rows;  // that an output meets, about

  explicit GpuPass(const ops::Conv2d& op)
      : shape(shape_of(op)), from(op.x), to(op.y), tap_rows(shape.kernel_h) {}
  explicit GpuPass(const ops::Conv2dGradInput& op)
      : shape(shape_of(op)),
        from(op.grad_y),
        to(op.grad_x),
        tap_rows(std::max<std::int64_t>(1, shape.kernel_h / shape.stride_h)) {}

  PixelTimes times(double density) const {
    const std::int64_t out = to.dim(3);
    return {.terms = static_cast<double>(shape.macs()) / static_cast<double>(to.numel()),
            .tap_rows = static_cast<double>(tap_rows),
            .in = static_cast<double>(from.numel() * out) / static_cast<double>(to.numel()),
            .out = out,
            .density = density};
  }
};

/// Of the gradient of the weights: by the operand with more zeros.
const char* why_not_skip(const ops::Conv2dGradWeight& op, const Tensor& mine, const Tensor& other) {
  const std::int64_t columns = other.dim(3);
  const double dense = dense_cycles(columns, context().precision);
  const char* const why = why_not_on_gpu(mine, shape_of(op), [&](double density) {
    return skip_zero_cycles(columns, density) < dense;
  });
  if (why) return why;
  const bool more = *known_density(mine) <= known_density(other).value_or(1);
  return more ? nullptr : "the other operand has more zeros";
}
// Which is the fastest of multiplying everything, cuda.skip_zero and cuda.skip_zero_lists is
// derived in cuda/plan.h, not measured.
template <class Op>
const char* why_not_skip(const Op& op) {
  const GpuPass pass(op);
  return why_not_on_gpu(pass.from, pass.shape, [&](double density) {
    const PixelTimes times = pass.times(density);
    return times.skip_zero() < times.dense(context().precision);
  });
}

template <class Op>
const char* why_not_lists(const Op& op) {
  const GpuPass pass(op);
  return why_not_on_gpu(pass.from, pass.shape, [&](double density) {
    const PixelTimes times = pass.times(density);
    return times.lists() < std::min(times.dense(context().precision), times.skip_zero());
  });
}

}  // namespace

const char* why_not_three_products(const ops::Conv2d& op) {
  return why_not_three_products_of(op.y.dim(3));
}
const char* why_not_three_products(const ops::Conv2dGradInput& op) {
  return why_not_three_products_of(op.grad_x.dim(3));
}
// Its rows are filters, of which the other kernel's tiles have as many.
const char* why_not_three_products(const ops::Conv2dGradWeight&) { return nullptr; }

const char* why_not_skip_zero(const ops::Conv2d& op) { return why_not_skip(op); }
const char* why_not_skip_zero(const ops::Conv2dGradInput& op) { return why_not_skip(op); }
const char* why_not_skip_zero_lists(const ops::Conv2d& op) { return why_not_lists(op); }
const char* why_not_skip_zero_lists(const ops::Conv2dGradInput& op) { return why_not_lists(op); }
const char* why_not_skip_zero_x(const ops::Conv2dGradWeight& op) {
  return why_not_skip(op, op.x, op.grad_y);
}
const char* why_not_skip_zero_grad_y(const ops::Conv2dGradWeight& op) {
  return why_not_skip(op, op.grad_y, op.x);
}

}  // namespace cuda
}  // namespace joule
