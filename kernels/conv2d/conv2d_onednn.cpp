// SPDX-License-Identifier: MIT
#include <array>
#include <dnnl.hpp>
#include <map>
#include <unordered_map>

#include "core/threads.h"
#include "kernels/conv2d/conv2d_impl.h"
#include "kernels/relu/relu.h"

namespace joule::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

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
  return {desc, engine()};
}

/// Making the code takes far longer than running it, and it is made for a shape and a number of
/// threads: kept per thread.
template <class Made, class Make>
const Made& made_once(const Conv2dShape& s, bool with_bias, Make&& make) {
  using Key = std::array<std::int64_t, 16>;
  thread_local std::map<Key, Made> made;
  const Key key{s.batch,      s.in_h,     s.in_w,     s.in_channels, s.out_channels, s.kernel_h,
                s.kernel_w,   s.stride_h, s.stride_w, s.pad_h,       s.pad_w,        s.dilation_h,
                s.dilation_w, s.groups,   with_bias,  num_threads()};
  const auto found = made.find(key);
  return found != made.end() ? found->second : made.emplace(key, make()).first->second;
}

/// A tensor of oneDNN over somebody's memory, which oneDNN's interface cannot take as const.
memory wrap(const memory::desc& desc, const float* data) {
  return memory(desc, engine(), const_cast<float*>(data));
}

void execute(const dnnl::primitive& primitive, const std::unordered_map<int, memory>& arguments) {
  dnnl::stream stream(engine());
  primitive.execute(stream, arguments);
  stream.wait();
}

void reorder(const memory& from, const memory& to) {
  execute(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

/// The weights in the order that a primitive asked for, made once per update of the weights.
std::shared_ptr<const memory> ordered(const Tensor& weight, std::string_view what,
                                      const Conv2dShape& s, const memory::desc& desc,
                                      const memory::desc& wanted) {
  const std::string key =
      str("onednn.", what, " ", s.batch, "x", s.in_h, "x", s.in_w, " stride=", s.stride_h, "x",
          s.stride_w, " padding=", s.pad_h, "x", s.pad_w, " dilation=", s.dilation_h, "x",
          s.dilation_w, " groups=", s.groups, " threads=", num_threads());
  return weight.derived<memory>(key, [&] {
    auto packed = std::make_shared<memory>(wanted, engine());
    reorder(wrap(desc, weight.data<float>()), *packed);
    return packed;
  });
}

}  // namespace

void conv2d(const Conv2d& op, Context& ctx, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  struct Made {
    Problem problem;
    dnnl::convolution_forward::primitive_desc desc;
    dnnl::convolution_forward primitive;
  };
  const Made& made = made_once<Made>(s, op.bias.defined(), [&] {
    const Problem problem(s);
    const auto desc = forward_desc(problem, op.bias.defined());
    return Made{problem, desc, dnnl::convolution_forward(desc)};
  });
  const auto weight =
      ordered(op.weight, "forward", s, made.problem.weight, made.desc.weights_desc());
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrap(made.problem.x, op.x.data<float>())},
      {DNNL_ARG_WEIGHTS, *weight},
      {DNNL_ARG_DST, wrap(made.problem.y, op.y.mutable_data<float>())}};
  if (op.bias) arguments.emplace(DNNL_ARG_BIAS, wrap(made.problem.bias, op.bias.data<float>()));
  execute(made.primitive, arguments);
  if (op.relu) {
    Context plain = ctx;
    plain.sink = nullptr;  // the ReLU is part of this operation
    plain.force = {};
    dispatch(Relu{.x = op.y, .y = op.y, .sigma = op.sigma, .l0_sum = op.l0_sum}, plain);
  }
  count_zeros_of_x(tally, s, op.x);
}

void conv2d_grad_input(const Conv2dGradInput& op, Context&, Tally* tally) {
  using Backward = dnnl::convolution_backward_data;
  const Conv2dShape s = shape_of(op);
  struct Made {
    Problem problem;
    Backward::primitive_desc desc;
    Backward primitive;
  };
  const Made& made = made_once<Made>(s, false, [&] {
    const Problem p(s);
    const Backward::primitive_desc desc(
        Backward::desc(algorithm::convolution_direct, p.x, p.any_weight, p.y, p.strides, p.dilates,
                       p.padding, p.padding),
        engine(), forward_desc(p, false));
    return Made{p, desc, Backward(desc)};
  });
  const auto weight =
      ordered(op.weight, "grad_input", s, made.problem.weight, made.desc.weights_desc());
  execute(made.primitive,
          {{DNNL_ARG_DIFF_DST, wrap(made.problem.y, op.grad_y.data<float>())},
           {DNNL_ARG_WEIGHTS, *weight},
           {DNNL_ARG_DIFF_SRC, wrap(made.problem.x, op.grad_x.mutable_data<float>())}});
  count_zeros_of_grad_y(tally, s, op.grad_y);
}

void conv2d_grad_weight(const Conv2dGradWeight& op, Context&, Tally* tally) {
  using Backward = dnnl::convolution_backward_weights;
  const Conv2dShape s = shape_of(op);
  struct Made {
    Problem problem;
    Backward::primitive_desc desc;
    Backward primitive;
    memory grad_weight;  // in the order that the primitive asked for
  };
  const bool with_bias = op.grad_bias.defined();
  const Made& made = made_once<Made>(s, with_bias, [&] {
    const Problem p(s);
    constexpr auto kDirect = algorithm::convolution_direct;
    const auto backward = with_bias ? Backward::desc(kDirect, p.x, p.any_weight, p.bias, p.y,
                                                     p.strides, p.dilates, p.padding, p.padding)
                                    : Backward::desc(kDirect, p.x, p.any_weight, p.y, p.strides,
                                                     p.dilates, p.padding, p.padding);
    const Backward::primitive_desc desc(backward, engine(), forward_desc(p, with_bias));
    return Made{p, desc, Backward(desc), memory(desc.diff_weights_desc(), engine())};
  });
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrap(made.problem.x, op.x.data<float>())},
      {DNNL_ARG_DIFF_DST, wrap(made.problem.y, op.grad_y.data<float>())},
      {DNNL_ARG_DIFF_WEIGHTS, made.grad_weight}};
  if (with_bias) {
    arguments.emplace(DNNL_ARG_DIFF_BIAS,
                      wrap(made.problem.bias, op.grad_bias.mutable_data<float>()));
  }
  execute(made.primitive, arguments);
  reorder(made.grad_weight, wrap(made.problem.weight, op.grad_weight.mutable_data<float>()));
  count_zeros_of_x(tally, s, op.x);
}

}  // namespace joule::onednn
