// SPDX-License-Identifier: MIT
#include <array>
#include <optional>

#include "joule/kernels/conv2d/cpu/epilogue.h"
#include "joule/kernels/conv2d/impl.h"
#include "joule/kernels/product/onednn.h"

namespace joule::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;

/// oneDNN's descriptions of the operands as they lie in Joule's tensors, and the geometry.
struct Problem {
  memory::desc x, y, weight, any_weight, bias;
  Dims strides, dilates, padding;

  explicit Problem(const Conv2dShape& s) {
    constexpr auto kType = memory::data_type::f32;
    x = memory::desc({s.batch, s.in_channels, s.in_h, s.in_w}, kType, Tag::nhwc);
    y = memory::desc({s.batch, s.out_channels, s.out_h(), s.out_w()}, kType, Tag::nhwc);
    Dims dims{s.out_per_group(), s.in_per_group(), s.kernel_h, s.kernel_w};
    if (s.groups > 1) dims.insert(dims.begin(), s.groups);
    weight = memory::desc(dims, kType, s.groups > 1 ? Tag::gohwi : Tag::ohwi);
    any_weight = memory::desc(dims, kType, Tag::any);
    bias = memory::desc({s.out_channels}, kType, Tag::x);
    strides = {s.stride_h, s.stride_w};
    dilates = {s.dilation_h - 1, s.dilation_w - 1};
    padding = {s.pad_h, s.pad_w};
  }
};

dnnl::convolution_forward::primitive_desc forward_desc(const Problem& p, bool with_bias) {
  using Forward = dnnl::convolution_forward;
  constexpr auto kKind = dnnl::prop_kind::forward_training;
  constexpr auto kDirect = algorithm::convolution_direct;
  const auto desc = with_bias ? Forward::desc(kKind, kDirect, p.x, p.any_weight, p.bias, p.y,
                                              p.strides, p.dilates, p.padding, p.padding)
                              : Forward::desc(kKind, kDirect, p.x, p.any_weight, p.y, p.strides,
                                              p.dilates, p.padding, p.padding);
  return {desc, attributes(), engine()};
}

std::array<std::int64_t, 15> key_of(const Conv2dShape& s, bool with_bias) {
  return {s.batch,    s.in_h,       s.in_w,       s.in_channels, s.out_channels,
          s.kernel_h, s.kernel_w,   s.stride_h,   s.stride_w,    s.pad_h,
          s.pad_w,    s.dilation_h, s.dilation_w, s.groups,      with_bias};
}

void reorder(const FixedTeam& team, const memory& from, const memory& to) {
  const auto reorder = checked("reorder", [&] { return dnnl::reorder(from, to, attributes()); });
  execute(team, "reorder", reorder, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

/// How many images to compute before their ReLU, so that it finds y in the threads' L2: a divisor
/// of the batch, as the code is made for one number.
std::int64_t images_in_cache(const FixedTeam& team, const Conv2dShape& s) {
  constexpr std::int64_t kFloats = 128 * 1024;  // half a MiB a thread
  const std::int64_t fit = std::max<std::int64_t>(1, kFloats / (s.y_size() / s.batch));
  std::int64_t images = std::min(s.batch, fit * team.threads());
  while (s.batch % images != 0) --images;
  return images;
}

/// The weights in the order that a primitive asked for, made once per update of the weights.
std::shared_ptr<const memory> ordered(const FixedTeam& team, const Tensor& weight,
                                      std::string_view what, const Conv2dShape& s,
                                      const memory::desc& desc, const memory::desc& wanted) {
  const std::string key =
      str("onednn.", what, " ", s.batch, "x", s.in_h, "x", s.in_w, " stride=", s.stride_h, "x",
          s.stride_w, " padding=", s.pad_h, "x", s.pad_w, " dilation=", s.dilation_h, "x",
          s.dilation_w, " groups=", s.groups, " threads=", team.threads());
  return weight.derived<memory>(key, [&] {
    auto packed = checked("memory", [&] { return std::make_shared<memory>(wanted, engine()); });
    reorder(team, wrap(desc, weight.data<float>()), *packed);
    return packed;
  });
}

}  // namespace

void conv2d(const ops::Conv2d& op, Context&, Tally* tally) {
  const FixedTeam team;
  const Conv2dShape s = shape_of(op);
  Conv2dShape part = s;
  if (op.relu) part.batch = images_in_cache(team, s);
  constexpr const char* kCall = "convolution_forward";
  const bool with_bias = op.bias.defined();
  struct Made {
    Problem problem;
    memory::desc weight;  // in the order that the primitive asked for
    dnnl::convolution_forward primitive;
  };
  const Made& made = made_once<Made>(team, kCall, key_of(part, with_bias), [&] {
    const Problem p(part);
    const auto desc = forward_desc(p, with_bias);
    return Made{p, desc.weights_desc(), dnnl::convolution_forward(desc)};
  });
  const auto weight = ordered(team, op.weight, "forward", part, made.problem.weight, made.weight);
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  const std::int64_t x_image = s.x_size() / s.batch, y_image = s.y_size() / s.batch;
  const std::int64_t pixels = y_image / s.out_channels;
  std::optional<cpu::ReluEpilogue> relu;
  if (op.relu) relu.emplace(op, y, s.batch);
  for (std::int64_t n = 0; n < s.batch; n += part.batch) {
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, wrap(made.problem.x, x + n * x_image)},
        {DNNL_ARG_WEIGHTS, *weight},
        {DNNL_ARG_DST, wrap(made.problem.y, y + n * y_image)}};
    if (with_bias) arguments.emplace(DNNL_ARG_BIAS, wrap(made.problem.bias, op.bias.data<float>()));
    execute(team, kCall, made.primitive, std::move(arguments));
    if (!relu) continue;
    parallel_for(part.batch, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = n + begin; i < n + end; ++i) relu->run(i, i * pixels, pixels);
    });
  }
  if (relu) relu->finish();
  count_zeros_of_x(tally, s, op.x);
}

void conv2d_grad_input(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  using Backward = dnnl::convolution_backward_data;
  constexpr const char* kCall = "convolution_backward_data";
  const FixedTeam team;
  const Conv2dShape s = shape_of(op);
  struct Made {
    Problem problem;
    memory::desc weight;  // in the order that the primitive asked for
    Backward primitive;
  };
  const Made& made = made_once<Made>(team, kCall, key_of(s, false), [&] {
    const Problem p(s);
    const Backward::primitive_desc desc(
        Backward::desc(algorithm::convolution_direct, p.x, p.any_weight, p.y, p.strides, p.dilates,
                       p.padding, p.padding),
        attributes(), engine(), forward_desc(p, false));
    return Made{p, desc.weights_desc(), Backward(desc)};
  });
  const auto weight = ordered(team, op.weight, "grad_input", s, made.problem.weight, made.weight);
  execute(team, kCall, made.primitive,
          {{DNNL_ARG_DIFF_DST, wrap(made.problem.y, op.grad_y.data<float>())},
           {DNNL_ARG_WEIGHTS, *weight},
           {DNNL_ARG_DIFF_SRC, wrap(made.problem.x, op.grad_x.mutable_data<float>())}});
  count_zeros_of_grad_input(tally, s, op);
}

void conv2d_grad_weight(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  using Backward = dnnl::convolution_backward_weights;
  constexpr const char* kCall = "convolution_backward_weights";
  const FixedTeam team;
  const Conv2dShape s = shape_of(op);
  struct Made {
    Problem problem;
    Backward primitive;
    memory grad_weight;  // in the order that the primitive asked for
  };
  const bool with_bias = op.grad_bias.defined();
  const Made& made = made_once<Made>(team, kCall, key_of(s, with_bias), [&] {
    const Problem p(s);
    constexpr auto kDirect = algorithm::convolution_direct;
    const auto backward = with_bias ? Backward::desc(kDirect, p.x, p.any_weight, p.bias, p.y,
                                                     p.strides, p.dilates, p.padding, p.padding)
                                    : Backward::desc(kDirect, p.x, p.any_weight, p.y, p.strides,
                                                     p.dilates, p.padding, p.padding);
    const Backward::primitive_desc desc(backward, attributes(), engine(),
                                        forward_desc(p, with_bias));
    return Made{p, Backward(desc), memory(desc.diff_weights_desc(), engine())};
  });
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrap(made.problem.x, op.x.data<float>())},
      {DNNL_ARG_DIFF_DST, wrap(made.problem.y, op.grad_y.data<float>())},
      {DNNL_ARG_DIFF_WEIGHTS, made.grad_weight}};
  if (with_bias) {
    arguments.emplace(DNNL_ARG_DIFF_BIAS,
                      wrap(made.problem.bias, op.grad_bias.mutable_data<float>()));
  }
  execute(team, kCall, made.primitive, std::move(arguments));
  reorder(team, made.grad_weight, wrap(made.problem.weight, op.grad_weight.mutable_data<float>()));
  count_zeros_of_x(tally, s, op.x);
}

}  // namespace joule::onednn
