// SPDX-License-Identifier: MIT
#include <array>
#include <dnnl.hpp>
#include <map>
#include <unordered_map>

#include "core/threads.h"
#include "kernels/linear/linear_impl.h"

namespace joule::onednn {
namespace {

using dnnl::memory;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

/// A tensor of oneDNN over somebody's memory, which oneDNN's interface cannot take as const.
memory wrap(const memory::desc& desc, const float* data) {
  return memory(desc, engine(), const_cast<float*>(data));
}

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
  return {x, weight, bias, y, dnnl::matmul(dnnl::matmul::primitive_desc(desc, engine()))};
}

/// c = a * b, all row by row; 't' reads the transpose.
void multiply(char transpose_a, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
              std::int64_t a_row, const float* b, float* c) {
  const dnnl_status_t status =
      dnnl_sgemm(transpose_a, 'n', m, n, k, 1.0f, a, a_row, b, n, 0.0f, c, n);
  if (status != dnnl_success) throw DeviceError(str("dnnl_sgemm failed with status ", status));
}

}  // namespace

void linear(const Linear& op, Context&, Tally* tally) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.weight.dim(0);
  // Making the code takes far longer than running it, and it is made for a number of threads.
  thread_local std::map<std::array<std::int64_t, 5>, Forward> made;
  const std::array<std::int64_t, 5> key{batch, in, out, op.bias.defined(), num_threads()};
  auto found = made.find(key);
  if (found == made.end()) {
    found = made.emplace(key, make_forward(batch, in, out, op.bias.defined())).first;
  }
  const Forward& forward = found->second;
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrap(forward.x, op.x.data<float>())},
      {DNNL_ARG_WEIGHTS, wrap(forward.weight, op.weight.data<float>())},
      {DNNL_ARG_DST, wrap(forward.y, op.y.mutable_data<float>())}};
  if (op.bias) arguments.emplace(DNNL_ARG_BIAS, wrap(forward.bias, op.bias.data<float>()));
  dnnl::stream stream(engine());
  forward.matmul.execute(stream, arguments);
  stream.wait();
  count_zeros(tally, op.x, out);
}

void linear_grad_input(const LinearGradInput& op, Context&, Tally* tally) {
  const std::int64_t batch = op.grad_y.dim(0), in = op.weight.dim(1), out = op.weight.dim(0);
  multiply('n', batch, in, out, op.grad_y.data<float>(), out, op.weight.data<float>(),
           op.grad_x.mutable_data<float>());
  count_zeros(tally, op.grad_y, in);
}

void linear_grad_weight(const LinearGradWeight& op, Context&, Tally* tally) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.grad_y.dim(1);
  multiply('t', out, in, batch, op.grad_y.data<float>(), out, op.x.data<float>(),
           op.grad_weight.mutable_data<float>());
  sum_rows<float>(op.grad_y, op.grad_bias);
  count_zeros(tally, op.x, out);
}

}  // namespace joule::onednn
