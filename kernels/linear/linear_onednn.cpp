// SPDX-License-Identifier: MIT
#include <array>

#include "joule/kernels/linear/linear_impl.h"
#include "joule/kernels/product/onednn.h"

namespace joule::onednn {
namespace {

using dnnl::memory;

/// The descriptions of y = x * weight^T + bias for one shape, and the code made for it.
struct Forward {
  memory::desc x, weight, bias, y;
  dnnl::matmul matmul;
};

Forward make_forward(std::int64_t batch, std::int64_t in, std::int64_t out, bool with_bias) {
  using Tag = memory::format_tag;
  constexpr auto kType = memory::data_type::f32;
  const memory::desc x({batch, in}, kType, Tag::ab), y({batch, out}, kType, Tag::ab);
  const memory::desc weight({in, out}, kType, Tag::ba);  // [O,I] in memory
  const memory::desc bias = with_bias ? memory::desc({1, out}, kType, Tag::ab) : memory::desc();
  const auto desc =
      with_bias ? dnnl::matmul::desc(x, weight, bias, y) : dnnl::matmul::desc(x, weight, y);
  return {x, weight, bias, y,
          dnnl::matmul(dnnl::matmul::primitive_desc(desc, attributes(), engine()))};
}

}  // namespace

void linear(const ops::Linear& op, Context&, Tally* tally) {
  const FixedTeam team;
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.weight.dim(0);
  const bool with_bias = op.bias.defined();
  const std::array<std::int64_t, 4> key{batch, in, out, with_bias};
  const Forward& forward = made_once<Forward>(
      team, "matmul", key, [&] { return make_forward(batch, in, out, with_bias); });
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrap(forward.x, op.x.data<float>())},
      {DNNL_ARG_WEIGHTS, wrap(forward.weight, op.weight.data<float>())},
      {DNNL_ARG_DST, wrap(forward.y, op.y.mutable_data<float>())}};
  if (with_bias) arguments.emplace(DNNL_ARG_BIAS, wrap(forward.bias, op.bias.data<float>()));
  execute(team, "matmul", forward.matmul, std::move(arguments));
  count_zeros(tally, op.x, out);
}

void linear_grad_input(const ops::LinearGradInput& op, Context&, Tally* tally) {
  const std::int64_t batch = op.grad_y.dim(0), in = op.weight.dim(1), out = op.weight.dim(0);
  const FixedTeam team;
  sgemm(team, false, batch, in, out, op.grad_y.data<float>(), op.weight.data<float>(),
        op.grad_x.mutable_data<float>());
  count_zeros(tally, op.grad_y, in);
}

void linear_grad_weight(const ops::LinearGradWeight& op, Context&, Tally* tally) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.grad_y.dim(1);
  const FixedTeam team;
  sgemm(team, true, out, in, batch, op.grad_y.data<float>(), op.x.data<float>(),
        op.grad_weight.mutable_data<float>());
  sum_rows<float>(op.grad_y, op.grad_bias);
  count_zeros(tally, op.x, out);
}

}  // namespace joule::onednn
