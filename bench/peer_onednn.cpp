// SPDX-License-Identifier: MIT
#include <dnnl.hpp>
#include <unordered_map>
#include <utility>

#include "joule/bench/peer.h"
#include "joule/core/error.h"
#include "joule/core/threads.h"

namespace joule::bench {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Tag = memory::format_tag;
using Dims = memory::dims;
constexpr auto kFloat = memory::data_type::f32;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

/// One of the ways of onednn_peers().
struct Way {
  const char* name;
  algorithm chosen;
  Tag images;  // nhwc, or any: as the kernel likes them
};

/// A tensor of Joule as oneDNN describes it.
struct Operand {
  Tensor tensor;
  memory::desc as_it_lies;  // in Joule's memory
  memory::desc wanted;      // with the freedom that the way leaves
};

Operand images(const Tensor& t, Tag tag) {
  const Dims dims{t.dim(0), t.dim(3), t.dim(1), t.dim(2)};
  return {t, {dims, kFloat, Tag::nhwc}, {dims, kFloat, tag}};
}

Operand weights(const Tensor& t, std::int64_t groups) {
  Dims dims{t.dim(0), t.dim(3), t.dim(1), t.dim(2)};
  if (groups > 1) {
    dims[0] /= groups;
    dims.insert(dims.begin(), groups);
  }
  return {t, {dims, kFloat, groups > 1 ? Tag::gohwi : Tag::ohwi}, {dims, kFloat, Tag::any}};
}

void reorder(memory from, memory to) {
  dnnl::stream stream(engine());
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
}

/// Over Joule's own memory, which oneDNN's interface cannot take as const.
memory over(const Operand& operand) {
  return memory(operand.as_it_lies, engine(), const_cast<float*>(operand.tensor.data<float>()));
}

/// A copy of the values in the layout that a kernel asked for.
memory packed(const Operand& operand, const memory::desc& layout) {
  memory copy(layout, engine());
  reorder(over(operand), copy);
  return copy;
}

Tensor unpacked(const memory& values, const Operand& operand) {
  const Tensor t(operand.tensor.shape());
  reorder(values, memory(operand.as_it_lies, engine(), t.mutable_data<float>()));
  return t;
}

/// The kernel was made for so many threads, and leaves out work if it then has fewer.
std::function<void()> execution(const dnnl::primitive& primitive,
                                const std::unordered_map<int, memory>& arguments) {
  return
      [primitive, arguments, stream = dnnl::stream(engine()), threads = num_threads()]() mutable {
        const FixedTeam team;
        require(team.threads() == threads, "oneDNN: made for ", threads, " threads, run with ",
                team.threads());
        primitive.execute(stream, arguments);
        stream.wait();
      };
}

/// Whether oneDNN's kernel for the gradient of these weights writes out of bounds where the images
/// lie as Joule has them: see the table of Conv2dGradWeight.
bool overruns(const ConvOperands& o) {
  const ConvParams& p = o.problem.params;
  return o.weight.dim(1) == 1 && o.weight.dim(2) == 1 && p.stride != Size2(1) && p.groups == 1 &&
         o.x.dim(3) < 16;
}

class Convolution {
 public:
  Convolution(const Way& way, const ConvOperands& o)
      : way_(way),
        x_(images(o.x, way.images)),
        y_(images(o.y, way.images)),
        grad_y_(images(o.grad_y, way.images)),
        weight_(weights(o.weight, o.problem.params.groups)),
        grad_weight_(weights(o.grad_weight, o.problem.params.groups)),
        stride_{o.problem.params.stride.h, o.problem.params.stride.w},
        dilation_{o.problem.params.dilation.h - 1, o.problem.params.dilation.w - 1},
        padding_{o.problem.params.padding.h, o.problem.params.padding.w},
        x_of_grad_weight_(x_.wanted) {
    if (overruns(o)) x_of_grad_weight_ = images(o.x, Tag::nChw16c).wanted;
    if (o.grad_x) grad_x_ = images(o.grad_x, way.images);
  }

  Peer forward() const {
    const auto desc = forward_desc(x_.wanted);
    const memory y(desc.dst_desc(), engine());
    return peer(desc, dnnl::convolution_forward(desc),
                {{DNNL_ARG_SRC, packed(x_, desc.src_desc())},
                 {DNNL_ARG_WEIGHTS, packed(weight_, desc.weights_desc())},
                 {DNNL_ARG_DST, y}},
                y, y_);
  }

  Peer grad_input() const {
    using Backward = dnnl::convolution_backward_data;
    const Backward::primitive_desc desc(
        {way_.chosen, x_.wanted, weight_.wanted, y_.wanted, stride_, dilation_, padding_, padding_},
        engine(), forward_desc(x_.wanted));
    const memory grad_x(desc.diff_src_desc(), engine());
    return peer(desc, Backward(desc),
                {{DNNL_ARG_DIFF_DST, packed(grad_y_, desc.diff_dst_desc())},
                 {DNNL_ARG_WEIGHTS, packed(weight_, desc.weights_desc())},
                 {DNNL_ARG_DIFF_SRC, grad_x}},
                grad_x, grad_x_);
  }

  Peer grad_weight() const {
    using Backward = dnnl::convolution_backward_weights;
    const Backward::primitive_desc desc({way_.chosen, x_of_grad_weight_, weight_.wanted, y_.wanted,
                                         stride_, dilation_, padding_, padding_},
                                        engine(), forward_desc(x_of_grad_weight_));
    const memory grad_weight(desc.diff_weights_desc(), engine());
    return peer(desc, Backward(desc),
                {{DNNL_ARG_SRC, packed(x_, desc.src_desc())},
                 {DNNL_ARG_DIFF_DST, packed(grad_y_, desc.diff_dst_desc())},
                 {DNNL_ARG_DIFF_WEIGHTS, grad_weight}},
                grad_weight, grad_weight_);
  }

 private:
  dnnl::convolution_forward::primitive_desc forward_desc(const memory::desc& x) const {
    return {{dnnl::prop_kind::forward_training, way_.chosen, x, weight_.wanted, y_.wanted, stride_,
             dilation_, padding_, padding_},
            engine()};
  }

  template <class PrimitiveDesc>
  Peer peer(const PrimitiveDesc& desc, const dnnl::primitive& primitive,
            const std::unordered_map<int, memory>& arguments, const memory& output,
            const Operand& like) const {
    return {.name = way_.name,
            .kernel = desc.impl_info_str(),
            .direct = way_.chosen == algorithm::convolution_direct,
            .run = execution(primitive, arguments),
            .results = [output, like] { return std::vector{unpacked(output, like)}; }};
  }

  Way way_;
  Operand x_, y_, grad_y_, weight_, grad_weight_, grad_x_;
  Dims stride_, dilation_, padding_;
  memory::desc x_of_grad_weight_;  // as the gradient of the weights is to have it
};

/// Several peers, one after the other.
Peer in_turn(std::vector<Peer> parts) {
  Peer all{.name = parts[0].name, .direct = parts[0].direct};
  for (const Peer& part : parts) all.kernel += (all.kernel.empty() ? "" : ", ") + part.kernel;
  all.run = [parts] {
    for (const Peer& part : parts) part.run();
  };
  all.results = [parts = std::move(parts)] {
    std::vector<Tensor> results;
    for (const Peer& part : parts) results.push_back(part.results()[0]);
    return results;
  };
  return all;
}

Peer make(Pass pass, const Convolution& convolution) {
  switch (pass) {
    case Pass::forward:
      return convolution.forward();
    case Pass::grad_weight:
      return convolution.grad_weight();
    case Pass::grad_input:
    case Pass::grad_input_masked:  // oneDNN computes all of it or nothing
      return convolution.grad_input();
    case Pass::step:
      break;
  }
  return in_turn({convolution.forward(), convolution.grad_weight(), convolution.grad_input()});
}

}  // namespace

std::vector<Peer> onednn_peers(Pass pass, const ConvOperands& operands) {
  constexpr Way kWays[] = {{"oneDNN direct, nhwc", algorithm::convolution_direct, Tag::nhwc},
                           {"oneDNN direct, free", algorithm::convolution_direct, Tag::any},
                           {"oneDNN auto", algorithm::convolution_auto, Tag::any}};
  const FixedTeam team;
  const bool unsafe = (pass == Pass::grad_weight || pass == Pass::step) && overruns(operands);
  std::vector<Peer> peers;
  for (const Way& way : kWays) {
    if (unsafe && way.images == Tag::nhwc) continue;
    try {
      peers.push_back(make(pass, Convolution(way, operands)));
    } catch (const dnnl::error& error) {
      throw std::runtime_error(
          str(way.name, ": ", name(pass), " of ", operands.problem.name, ": ", error.what()));
    }
  }
  return peers;
}

}  // namespace joule::bench
