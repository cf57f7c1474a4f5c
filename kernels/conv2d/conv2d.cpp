// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/conv2d.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/grad_weight_skip_zero.h"
#include "joule/kernels/conv2d/cuda/plan.h"
#include "joule/kernels/conv2d/impl.h"
#include "joule/kernels/conv2d/reference.h"
#include "joule/kernels/l0/l0.h"
#include "joule/kernels/product/nonzero_runs.h"
#include "joule/kernels/product/unsupported_by_mma.h"
#include "joule/kernels/relu/relu_reference.h"
#include "joule/kernels/same.h"
#include "joule/kernels/zero_mask_rows.h"

namespace joule {
namespace {

Conv2dShape shape_of(const Shape& x, const Shape& weight, const ConvParams& p) {
  return {.batch = x[0],
          .in_h = x[1],
          .in_w = x[2],
          .in_channels = x[3],
          .out_channels = weight[0],
          .kernel_h = weight[1],
          .kernel_w = weight[2],
          .stride_h = p.stride.h,
          .stride_w = p.stride.w,
          .pad_h = p.padding.h,
          .pad_w = p.padding.w,
          .dilation_h = p.dilation.h,
          .dilation_w = p.dilation.w,
          .groups = p.groups};
}

TuningSizes tuning_sizes(const Conv2dShape& s, bool option = false) {
  return {s.batch,    s.in_h,       s.in_w,       s.in_channels, s.out_channels,
          s.kernel_h, s.kernel_w,   s.stride_h,   s.stride_w,    s.pad_h,
          s.pad_w,    s.dilation_h, s.dilation_w, s.groups,      option};
}

/// Checks the three operands of any of the operations; messages call them by the given names.
void check_operands(std::string_view op, const Named& x, const Named& weight, const Named& y,
                    const ConvParams& p) {
  for (const Named& o : {x, weight, y}) {
    require_same(op, {o});
    require(o.tensor.shape().rank() == 4, op, ": ", o.name, " must have rank 4, got ",
            o.tensor.shape());
  }
  const Shape &xs = x.tensor.shape(), &ws = weight.tensor.shape();
  require(xs[1] > 0 && xs[2] > 0 && xs[3] > 0, op, ": ", x.name, " has no pixels or no channels, ",
          "got ", xs);
  require(ws.numel() > 0, op, ": ", weight.name, " is empty, got ", ws);
  require(p.groups >= 1 && xs[3] % p.groups == 0 && ws[0] % p.groups == 0, op,
          ": groups=", p.groups, " must divide the channels of ", x.name, " and the filters of ",
          weight.name, " (", x.name, " is ", xs, ", ", weight.name, " is ", ws, ")");
  require(ws[3] == xs[3] / p.groups, op, ": ", weight.name, " expects ", ws[3] * p.groups,
          " input channels, ", x.name, " has ", xs[3], " (", x.name, " is ", xs, ", ", weight.name,
          " is ", ws, ", groups=", p.groups, ")");
  const Size2 out = conv_output_size({xs[1], xs[2]}, {ws[1], ws[2]}, p);
  require_shape(op, weight, ws, x.tensor);
  require_shape(op, y, {xs[0], out.h, out.w, ws[0]}, x.tensor);
}

std::int64_t bytes(const Tensor& t) { return t ? static_cast<std::int64_t>(t.bytes()) : 0; }

void run_reference(const Conv2d& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  visit_float(op.dtype(), [&]<class T>(T) {
    T* const y = op.y.mutable_data<T>();
    reference::conv2d(s, op.x.data<T>(), op.weight.data<T>(), y);
    if (op.bias) {
      reference::add_bias(s.y_size() / s.out_channels, s.out_channels, op.bias.data<T>(), y);
    }
    if (!op.relu) return;
    reference::relu(s.y_size(), y, y);
    if (op.l0_sum) {
      *op.l0_sum.mutable_data<T>() = reference::smooth_l0_sum(s.y_size(), y, T(op.sigma));
    }
    op.y.attach(mask_of(op.y));
  });
  count_zeros_of_x(tally, s, op.x);
}

void run_grad_input_reference(const Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::conv2d_grad_input(s, op.grad_y.data<T>(), op.weight.data<T>(),
                                 op.grad_x.mutable_data<T>());
  });
  count_zeros_of_grad_input(tally, s, op);
}

void run_grad_weight_reference(const Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::conv2d_grad_weight(s, op.x.data<T>(), op.grad_y.data<T>(),
                                  op.grad_weight.mutable_data<T>());
    if (op.grad_bias) {
      reference::grad_bias(s.y_size() / s.out_channels, s.out_channels, op.grad_y.data<T>(),
                           op.grad_bias.mutable_data<T>());
    }
  });
  count_zeros_of_x(tally, s, op.x);
}

template <class Op>
const char* one_group(const Op& op) {
  return op.params.groups == 1 ? nullptr : "needs groups == 1";
}

#if JOULE_WITH_CUDA
/// Their kernels compute positions in an image and in a filter in 32 bits.
template <class Op>
const char* one_group_in_32_bits(const Op& op) {
  const Conv2dShape s = shape_of(op);
  const std::int64_t most =
      std::max({s.in_h + 2 * s.pad_h, s.in_w + 2 * s.pad_w, s.stride_h, s.stride_w, s.dilation_h,
                s.dilation_w, s.kernel_h * s.kernel_w * std::max(s.in_channels, s.out_channels)});
  return most < 1 << 29 ? one_group(op) : "needs images and filters of less than 2^29 positions";
}

/// The lists of non-zeros count the elements of a row of pixels in 32 bits.
template <class Op>
const char* listed_in_32_bits(const Op& op, const Tensor& images) {
  const bool short_rows = images.dim(2) * images.dim(3) < std::int64_t{1} << 31;
  return short_rows ? one_group_in_32_bits(op) : "the rows of pixels are too long";
}
const char* listed_in_32_bits(const Conv2d& op) { return listed_in_32_bits(op, op.x); }
const char* listed_in_32_bits(const Conv2dGradInput& op) {
  return listed_in_32_bits(op, op.grad_y);
}

template <class Op>
const char* on_tensor_cores(const Op& op) {
  if (const char* const why = one_group_in_32_bits(op)) return why;
  return cuda::unsupported_by_mma();
}
#endif

template <class Op>
const char* one_run(const Op& op, const Tensor& images) {
  if (op.params.dilation.w != 1) return "needs dilation 1 in width";
  if (!cpu::can_index_runs(images)) return "the rows of pixels are too long";
  return one_group(op);
}
const char* one_run(const Conv2d& op) { return one_run(op, op.x); }
const char* one_run(const Conv2dGradInput& op) { return one_run(op, op.grad_y); }

const char* wanted_and_one_group(const Conv2dGradInput& op) {
  return op.wanted ? one_group(op) : "nothing tells which elements are wanted";
}

/// The share of non-zeros that the operation which wrote t counted, or none.
std::optional<double> known_density(const Tensor& t) {
  const auto mask = t.zero_mask();
  if (!mask || t.numel() == 0) return std::nullopt;
  return static_cast<double>(mask->nonzeros()) / static_cast<double>(t.numel());
}

constexpr const char* kUnknownZeros = "no zero mask tells that it is worth it";
constexpr const char* kTooFewZeros = "there are too few zeros";

/// What bringing a non-zero to its weights takes, beside a load of a vector of them; of bf16
/// weights there are half as many loads, and less waits for it.
constexpr double broadcast_time(Precision of_weights) {
  return of_weights == Precision::bf16 ? 0.75 : 1;
}

/// How long cpu.skip_zero takes, a dense row's time being 1.  In cycles of a visit of a pixel,
/// which meets at most 64 input channels (of a tap, or of several if they are few) and up to eight
/// vectors of output channels, measured on Zen 5: the visit itself, and per non-zero a broadcast
/// and a load for each vector, of which there are two in 1.1 cycles.  A dense kernel runs at nine
/// tenths of two multiply-adds a cycle.
double skip_zero_time(double density, std::int64_t taps, std::int64_t in_channels,
                      std::int64_t out_channels, Precision of_weights = Precision::f32) {
  constexpr double kVisit = 27;
  const std::int64_t lanes = cpu::direct_lanes();
  const auto vectors =
      static_cast<double>(std::min<std::int64_t>(8, (out_channels + lanes - 1) / lanes));
  const std::int64_t together = std::clamp<std::int64_t>(64 / in_channels, 1, taps);
  const auto channels = static_cast<double>(std::min<std::int64_t>(64, in_channels * together));
  const double met = (vectors + broadcast_time(of_weights)) * 0.5 * 1.1;
  const double skipping = kVisit + density * channels * met;
  return skipping / (channels * vectors * 0.5 / 0.9);
}

template <Precision kWeights>
const char* dense_x(const Conv2d& op) {
  const auto density = known_density(op.x);
  if (!density) return kUnknownZeros;
  const double time =
      skip_zero_time(*density, op.weight.dim(2), op.x.dim(3), op.y.dim(3), kWeights);
  return time < 1 ? nullptr : kTooFewZeros;
}

/// None if grad_y has no mask.
std::optional<double> grad_input_skip_zero_time(const Conv2dGradInput& op) {
  const auto density = known_density(op.grad_y);
  if (!density) return std::nullopt;
  return skip_zero_time(*density, op.weight.dim(2), op.grad_y.dim(3), op.grad_x.dim(3));
}
const char* dense_grad_y(const Conv2dGradInput& op) {
  const auto time = grad_input_skip_zero_time(op);
  if (!time) return kUnknownZeros;
  return *time < 1 ? nullptr : kTooFewZeros;
}

/// As skip_zero_time, of cpu.skip_unwanted: fitted to measurements of 3x3, 1x1 and 5x5 layers of 32
/// to 512 channels, with vectors of 16 (the shorter their loops, the more it costs to begin one).
double skip_unwanted_time(const Conv2dShape& s, double density) {
  const double vectors =
      static_cast<double>(s.kernel_h * s.kernel_w * std::min<std::int64_t>(128, s.out_channels)) /
      16;
  return 0.1 + 1.5 / vectors + density * (1.15 + 12 / vectors);
}
const char* not_worth_masking(const Conv2dGradInput& op) {
  const auto density = known_density(op.wanted);
  if (!density) return kUnknownZeros;
  const double time = skip_unwanted_time(shape_of(op), *density);
  if (time >= 1) return "too many elements are wanted";
  return grad_input_skip_zero_time(op).value_or(1) < time
             ? "skipping the zeros of grad_y saves more"
             : nullptr;
}

/// The gradient of the weights that skips the zeros of one operand.
struct SkipGradWeight {
  double density, channels;  // of that operand
  double others;             // channels of the other operand,
  double other_pixels;       // and its pixels for one of that operand that meets a tap
  double taps, parts;        // that such an element meets; parts of at most 3x3
  double list_pixels;        // that a list of non-zeros covers
  bool in_order;             // its pixels: many non-zeros are listed faster than one by one

  /// How long it takes, the time of cpu.direct being 1.  In cycles per element, fitted to
  /// measurements on Zen 5: its list is begun and ended and the other operand packed; then each
  /// non-zero is put into the list and meets each vector with half a cycle per tap.
  double time() const {
    const double lanes = static_cast<double>(cpu::direct_lanes());
    const double vectors = std::ceil(others / lanes), packed = other_pixels / channels * vectors;
    const double one_tap = 0.8 + 45 * std::ceil(vectors / 8) / list_pixels;
    const double begun = in_order ? 2.5 + 0.45 * parts * vectors + 18 * packed
                                  : (taps > 1 ? 1.5 : one_tap) + 10 * packed;
    const double listed = in_order ? 2 : 10;
    const double met = (0.5 * taps + (taps > 1 ? 1.4 : 0.3) * parts) * vectors;
    return (begun + density * (listed + met)) / (taps * others / (2 * lanes * 0.9));
  }
};

/// None if the operand has no mask.
std::optional<double> skip_grad_weight_time(const Conv2dGradWeight& op, bool by_x) {
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
                        .list_pixels = static_cast<double>(cpu::nonzero_list_pixels(s, by_x)),
                        .in_order = taps > 1 && phases == 1}
      .time();
}

/// Which operand's zeros are skipped: where that takes less time, if it is worth it.
const char* unless_worth_it(const Conv2dGradWeight& op, bool by_x) {
  const auto time = skip_grad_weight_time(op, by_x);
  if (!time) return kUnknownZeros;
  if (*time >= 0.95) return kTooFewZeros;  // what is fitted is known no better
  return skip_grad_weight_time(op, !by_x).value_or(1) < *time
             ? "skipping the zeros of the other operand saves more"
             : nullptr;
}

const char* unless_x_is_sparse(const Conv2dGradWeight& op) { return unless_worth_it(op, true); }
const char* unless_grad_y_is_sparse(const Conv2dGradWeight& op) {
  return unless_worth_it(op, false);
}

/// With nearly no non-zeros, what an output pixel costs in cycles, fitted to measurements on Zen 5,
/// with vectors of 16, of 1x1, 3x3 and 5x5 layers of 16 to 512 channels.
struct VerySparse {
  double density, in;  // of the operand that is skipped,
  double in_pixels;    // and its pixels for one of the output
  double kernel_h, kernel_w, out;
  Precision of_weights = Precision::f32;

  double taps() const { return kernel_h * kernel_w; }
  double vectors() const { return std::ceil(out / 16); }
  double blocks() const { return std::ceil(vectors() / 8); }

  /// The runs are made.  The end of a run, one of each kernel row, cannot be foreseen; then an
  /// element meets weights that come from L2.
  double runs() const {
    const double made = in_pixels * (10 * std::ceil(in / 64) + density * in * 8);
    const double met = of_weights == Precision::bf16 ? 1.09 : 1.4;
    return made + 15 * kernel_h * blocks() + density * in * taps() * met * vectors();
  }
  /// A word of 64 channels, of a tap or of several, ends in a branch; a visit, of one word or with
  /// bf16 weights of two, loads and stores its sums.
  double skip_zero() const {
    const auto parts = [this](double channels) {
      const double together = std::clamp(std::floor(channels / in), 1.0, kernel_w);
      return kernel_h * std::ceil(kernel_w / together) * std::ceil(in / channels);
    };
    const double most = of_weights == Precision::bf16 && in >= 64 ? 128 : 64;
    const double begun = parts(64) * 10 * blocks() + parts(most) * 2.5 * vectors();
    const double met = 0.5 * (vectors() + broadcast_time(of_weights) * blocks());
    return begun + density * in * taps() * met;
  }
};

const char* unless_very_sparse(const Tensor& t, const Tensor& weight, std::int64_t out,
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
template <Precision kWeights>
const char* not_very_sparse_x(const Conv2d& op) {
  return unless_very_sparse(op.x, op.weight, op.y.dim(3), op.params.stride.h * op.params.stride.w,
                            kWeights);
}
const char* not_very_sparse_grad_y(const Conv2dGradInput& op) {
  return unless_very_sparse(op.grad_y, op.weight, op.grad_x.dim(3), 1);
}

#if JOULE_WITH_CUDA
/// Why a CUDA row that skips the zeros of `t` is not worth it, or null.  faster(density): whether
/// it is expected to be; the fewer non-zeros, the rather.
///
/// How many there are is known on the device, and to ask waits for it: some 20 us in which it may
/// idle.  So small convolutions do not ask, nor do those for which nothing depends on it.  (What an
/// earlier step had would be known without waiting, but then the bits of a step would depend on
/// where a run was interrupted.)
template <class Faster>
const char* unless_faster_on_gpu(const Tensor& t, const Conv2dShape& s, Faster&& faster) {
  constexpr std::int64_t kWorthWaiting = std::int64_t{1} << 31;  // 70 us at the peak of f32
  if (s.macs() < kWorthWaiting) return "it is too small to wait for the number of its zeros";
  if (!t.zero_mask()) return kUnknownZeros;
  if (!faster(0.0)) return "not to skip is faster for any number of zeros";
  return faster(*known_density(t)) ? nullptr : kTooFewZeros;
}

/// A convolution on CUDA, or the gradient of its input.
struct GpuPass {
  Conv2dShape shape;
  const Tensor& from;
  const Tensor& to;
  std::int64_t tap_rows;  // that an output meets, about

  explicit GpuPass(const Conv2d& op)
      : shape(shape_of(op)), from(op.x), to(op.y), tap_rows(shape.kernel_h) {}
  explicit GpuPass(const Conv2dGradInput& op)
      : shape(shape_of(op)),
        from(op.grad_y),
        to(op.grad_x),
        tap_rows(std::max<std::int64_t>(1, shape.kernel_h / shape.stride_h)) {}

  cuda::PixelTimes times(double density) const {
    const std::int64_t out = to.dim(3);
    return {.terms = static_cast<double>(shape.macs()) / static_cast<double>(to.numel()),
            .tap_rows = static_cast<double>(tap_rows),
            .in = static_cast<double>(from.numel() * out) / static_cast<double>(to.numel()),
            .out = out,
            .density = density};
  }
};

// Which is the fastest of multiplying everything, cuda.skip_zero and cuda.skip_zero_lists is
// derived in conv2d_gpu_plan.h, not measured.
template <class Op>
const char* unless_skipping_is_faster_on_gpu(const Op& op) {
  const GpuPass pass(op);
  return unless_faster_on_gpu(pass.from, pass.shape, [&](double density) {
    const cuda::PixelTimes times = pass.times(density);
    return times.skip_zero() < times.dense(context().precision);
  });
}

template <class Op>
const char* unless_lists_are_faster_on_gpu(const Op& op) {
  const GpuPass pass(op);
  return unless_faster_on_gpu(pass.from, pass.shape, [&](double density) {
    const cuda::PixelTimes times = pass.times(density);
    return times.lists() < std::min(times.dense(context().precision), times.skip_zero());
  });
}

/// Of the gradient of the weights: by the operand with more zeros.
const char* unless_skipping_is_faster_on_gpu(const Conv2dGradWeight& op, const Tensor& mine,
                                             const Tensor& other) {
  const std::int64_t columns = other.dim(3);
  const double dense = cuda::dense_cycles(columns, context().precision);
  const char* const why = unless_faster_on_gpu(mine, shape_of(op), [&](double density) {
    return cuda::skip_zero_cycles(columns, density) < dense;
  });
  if (why) return why;
  const bool more = *known_density(mine) <= known_density(other).value_or(1);
  return more ? nullptr : "the other operand has more zeros";
}
const char* x_denser_on_gpu(const Conv2dGradWeight& op) {
  return unless_skipping_is_faster_on_gpu(op, op.x, op.grad_y);
}
const char* grad_y_denser_on_gpu(const Conv2dGradWeight& op) {
  return unless_skipping_is_faster_on_gpu(op, op.grad_y, op.x);
}
#endif

#if JOULE_WITH_ONEDNN
/// oneDNN 2.6 divides by zero without an image.
template <class Op>
const char* an_image(const Op& op) {
  return shape_of(op).batch > 0 ? nullptr : "needs an image";
}

/// oneDNN 2.6.3 (and 3.12 still) copies the pixels that a 1x1 kernel with a stride reads side by
/// side into its scratch memory, and lays them out there for at least 16 channels in room for as
/// many as there are: with fewer it writes over other threads' pixels, its own barriers and what
/// lies behind (https://github.com/uxlfoundation/oneDNN/issues/6035).
const char* fits_onednn(const Conv2dGradWeight& op) {
  const Conv2dShape s = shape_of(op);
  const bool strided_1x1 = s.kernel_h == 1 && s.kernel_w == 1 && (s.stride_h > 1 || s.stride_w > 1);
  if (strided_1x1 && s.groups == 1 && s.in_channels < 16) {
    return "oneDNN writes out of bounds for a strided 1x1 kernel on fewer than 16 channels";
  }
  return an_image(op);
}

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

const char* direct_is_faster_forward(const Conv2d& op) {
  const Conv2dShape s = shape_of(op);
  const bool many = s.groups == 1 && s.in_channels >= (op.relu ? 128 : 32) && s.out_channels >= 32;
  return many ? nullptr : direct_is_faster(op);
}

const char* direct_is_faster_grad_input(const Conv2dGradInput& op) {
  const Conv2dShape s = shape_of(op);
  const bool few = s.groups == 1 && s.in_channels == 32 && s.out_channels >= 32;
  return few ? nullptr : direct_is_faster(op);
}
#endif

}  // namespace

Conv2dShape shape_of(const Conv2d& op) {
  return shape_of(op.x.shape(), op.weight.shape(), op.params);
}
Conv2dShape shape_of(const Conv2dGradInput& op) {
  return shape_of(op.grad_x.shape(), op.weight.shape(), op.params);
}
Conv2dShape shape_of(const Conv2dGradWeight& op) {
  return shape_of(op.x.shape(), op.grad_weight.shape(), op.params);
}

Size2 conv_output_size(Size2 in, Size2 kernel, const ConvParams& p) {
  require_window("conv2d", "kernel", kernel, 0);
  require_window("conv2d", "stride", p.stride, 1);
  require_window("conv2d", "dilation", p.dilation, 1);
  require_window("conv2d", "padding", p.padding, 0);
  const Size2 reach{in.h + 2 * p.padding.h - p.dilation.h * (kernel.h - 1) - 1,
                    in.w + 2 * p.padding.w - p.dilation.w * (kernel.w - 1) - 1};
  require(reach.h >= 0 && reach.w >= 0, "conv2d: the output would be empty: image ", in,
          ", kernel ", kernel, ", padding ", p.padding, ", dilation ", p.dilation);
  return {reach.h / p.stride.h + 1, reach.w / p.stride.w + 1};
}

void Conv2d::check() const {
  check_operands(kName, {"x", x}, {"weight", weight}, {"y", y}, params);
  if (bias) require_shape(kName, {"bias", bias}, {weight.dim(0)}, x);
  if (!l0_sum) return;
  require_shape(kName, {"l0_sum", l0_sum}, {}, x);
  require(relu, kName, ": l0_sum is the norm of a ReLU's output, but relu is off");
  require_sigma(kName, sigma);
}

Work Conv2d::work() const {
  return {.macs = shape_of(*this).macs(),
          .bytes_read = bytes(x) + bytes(weight) + bytes(bias),
          .bytes_written = bytes(y) + (relu ? y.numel() / 8 : 0)};
}

TuningKey Conv2d::tuning_key() const {
  return {.sizes = tuning_sizes(shape_of(*this), relu), .sparse = {{{"x", &x}}}};
}

std::span<const Implementation<Conv2d>> Conv2d::implementations() {
  using Row = Implementation<Conv2d>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Row{"cuda.skip_zero_lists", Device::cuda, listed_in_32_bits, cuda::conv2d_skip_zero_lists, true,
        unless_lists_are_faster_on_gpu, true},
    Row{"cuda.skip_zero", Device::cuda, one_group_in_32_bits, cuda::conv2d_skip_zero, true,
        unless_skipping_is_faster_on_gpu, true},
#if JOULE_WITH_CUDNN
    Row{"cudnn", Device::cuda, cudnn::unsupported, cudnn::conv2d},
#endif
    Row{.name = "cuda.implicit_gemm_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.implicit_gemm_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_mma_tf32,
        .precision = Precision::tf32},
    Row{"cuda.implicit_gemm_8x8", Device::cuda, one_group_in_32_bits, cuda::conv2d_implicit_gemm},
    Row{"cuda.direct", Device::cuda, runs_all, cuda::conv2d_direct},
#endif
    Row{"cpu.skip_zero_runs_bf16_weights", Device::cpu, one_run, cpu::conv2d_runs_bf16_weights,
        true, not_very_sparse_x<Precision::bf16>, true, Precision::bf16},
    Row{"cpu.skip_zero_bf16_weights", Device::cpu, one_group, cpu::conv2d_skip_zero_bf16_weights,
        true, dense_x<Precision::bf16>, true, Precision::bf16},
    Row{"cpu.skip_zero_runs", Device::cpu, one_run, cpu::conv2d_runs, true,
        not_very_sparse_x<Precision::f32>, true},
    Row{"cpu.skip_zero", Device::cpu, one_group, cpu::conv2d_skip_zero, true,
        dense_x<Precision::f32>, true},
#if JOULE_WITH_ONEDNN
    // Which order of summation oneDNN chooses may depend on the number of threads.
    Row{"onednn", Device::cpu, an_image, onednn::conv2d, false, direct_is_faster_forward},
#endif
    Row{"cpu.direct", Device::cpu, runs_all, cpu::conv2d_direct},
    Row{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void Conv2dGradInput::check() const {
  check_operands(kName, {"grad_x", grad_x}, {"weight", weight}, {"grad_y", grad_y}, params);
  if (wanted) require_shape(kName, {"wanted", wanted}, grad_x.shape(), grad_x);
}

Work Conv2dGradInput::work() const {
  return {.macs = shape_of(*this).macs(),
          .bytes_read = bytes(grad_y) + bytes(weight),
          .bytes_written = bytes(grad_x)};
}

TuningKey Conv2dGradInput::tuning_key() const {
  return {.sizes = tuning_sizes(shape_of(*this), wanted.defined()),
          .sparse = {{{"grad_y", &grad_y}, {"wanted", wanted ? &wanted : nullptr}}}};
}

std::span<const Implementation<Conv2dGradInput>> Conv2dGradInput::implementations() {
  using Row = Implementation<Conv2dGradInput>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Row{"cuda.skip_zero_lists", Device::cuda, listed_in_32_bits,
        cuda::conv2d_grad_input_skip_zero_lists, true, unless_lists_are_faster_on_gpu, true},
    Row{"cuda.skip_zero", Device::cuda, one_group_in_32_bits, cuda::conv2d_grad_input_skip_zero,
        true, unless_skipping_is_faster_on_gpu, true},
#if JOULE_WITH_CUDNN
    Row{"cudnn", Device::cuda, cudnn::unsupported, cudnn::conv2d_grad_input},
#endif
    Row{.name = "cuda.implicit_gemm_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_grad_input_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.implicit_gemm_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_grad_input_mma_tf32,
        .precision = Precision::tf32},
    Row{"cuda.implicit_gemm_8x8", Device::cuda, one_group_in_32_bits,
        cuda::conv2d_grad_input_implicit_gemm},
    Row{"cuda.direct", Device::cuda, runs_all, cuda::conv2d_grad_input_direct},
#endif
    Row{"cpu.skip_unwanted", Device::cpu, wanted_and_one_group,
        cpu::conv2d_grad_input_skip_unwanted, true, not_worth_masking, true},
    Row{"cpu.skip_zero_runs", Device::cpu, one_run, cpu::conv2d_grad_input_runs, true,
        not_very_sparse_grad_y, true},
    Row{"cpu.skip_zero", Device::cpu, one_group, cpu::conv2d_grad_input_skip_zero, true,
        dense_grad_y, true},
#if JOULE_WITH_ONEDNN
    Row{"onednn", Device::cpu, an_image, onednn::conv2d_grad_input, false,
        direct_is_faster_grad_input},
#endif
    Row{"cpu.direct", Device::cpu, runs_all, cpu::conv2d_grad_input_direct},
    Row{kReference, Device::cpu, runs_all, run_grad_input_reference},
  };
  return kTable;
}

void Conv2dGradWeight::check() const {
  check_operands(kName, {"x", x}, {"grad_weight", grad_weight}, {"grad_y", grad_y}, params);
  if (grad_bias) require_shape(kName, {"grad_bias", grad_bias}, {grad_weight.dim(0)}, x);
}

Work Conv2dGradWeight::work() const {
  return {.macs = shape_of(*this).macs(),
          .bytes_read = bytes(x) + bytes(grad_y),
          .bytes_written = bytes(grad_weight) + bytes(grad_bias)};
}

TuningKey Conv2dGradWeight::tuning_key() const {
  return {.sizes = tuning_sizes(shape_of(*this)), .sparse = {{{"x", &x}, {"grad_y", &grad_y}}}};
}

std::span<const Implementation<Conv2dGradWeight>> Conv2dGradWeight::implementations() {
  using Row = Implementation<Conv2dGradWeight>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Row{"cuda.skip_zero_grad_y", Device::cuda, one_group_in_32_bits,
        cuda::conv2d_grad_weight_skip_zero_grad_y, true, grad_y_denser_on_gpu, true},
    Row{"cuda.skip_zero_x", Device::cuda, one_group_in_32_bits,
        cuda::conv2d_grad_weight_skip_zero_x, true, x_denser_on_gpu, true},
#if JOULE_WITH_CUDNN
    Row{"cudnn", Device::cuda, cudnn::unsupported, cudnn::conv2d_grad_weight},
#endif
    Row{.name = "cuda.implicit_gemm_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_grad_weight_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.implicit_gemm_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_grad_weight_mma_tf32,
        .precision = Precision::tf32},
    Row{"cuda.implicit_gemm_8x8", Device::cuda, one_group_in_32_bits,
        cuda::conv2d_grad_weight_implicit_gemm},
    Row{"cuda.direct", Device::cuda, runs_all, cuda::conv2d_grad_weight_direct},
#endif
    Row{"cpu.skip_zero_grad_y", Device::cpu, one_group, cpu::conv2d_grad_weight_skip_zero_grad_y,
        true, unless_grad_y_is_sparse, true},
    Row{"cpu.skip_zero_x", Device::cpu, one_group, cpu::conv2d_grad_weight_skip_zero_x, true,
        unless_x_is_sparse, true},
#if JOULE_WITH_ONEDNN
    Row{"onednn", Device::cpu, fits_onednn, onednn::conv2d_grad_weight, false, direct_is_faster},
#endif
    Row{"cpu.direct", Device::cpu, runs_all, cpu::conv2d_grad_weight_direct},
    Row{kReference, Device::cpu, runs_all, run_grad_weight_reference},
  };
  return kTable;
}

}  // namespace joule
