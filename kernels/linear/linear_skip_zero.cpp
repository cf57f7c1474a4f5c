// SPDX-License-Identifier: MIT
#include <array>
#include <utility>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/direct_plan.h"
#include "joule/kernels/conv2d/cpu/skip_zero.h"
#include "joule/kernels/linear/linear_impl.h"
#include "joule/kernels/zero_mask_cpu.h"

// A linear layer is the 1x1 convolution whose pixels are the batch: the same kernel runs it.
namespace joule::cpu {
namespace {

/// The mask words of x [N,C].  A mask that was made when the channels of x were images, with whole
/// words per pixel, has the same ones.
std::shared_ptr<const ZeroMask> words_of(const Tensor& x) {
  const auto mask = x.zero_mask();
  const bool same = mask && mask->channels() % 64 == 0 && x.dim(1) % mask->channels() == 0;
  return same ? mask : zero_mask_of(x);
}

/// The columns of a matrix as rows, with their mask.
struct Transposed {
  explicit Transposed(const Tensor& t)
      : rows(t.dim(1)),
        columns(t.dim(0)),
        values(rows * columns),
        mask(rows, columns, Device::cpu) {
    parallel_for(ceil_div(rows, kLine), 1 + 1024 / columns,
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin * kLine; i < std::min(rows, end * kLine); i += kLine)
                     transpose(t.data<float>(), i, std::min(rows, i + kLine));
                 });
  }

  std::int64_t rows, columns;
  Floats values;
  ZeroMask mask;

 private:
  static constexpr std::int64_t kLine = 16;  // floats of a line of cache, which is read at once

  void transpose(const float* from, std::int64_t first, std::int64_t last) {
    std::array<std::uint64_t, kLine> bits{};
    for (std::int64_t column = 0; column < columns; ++column) {
      for (std::int64_t row = first; row < last; ++row) {
        const float value = from[column * rows + row];
        values.values()[row * columns + column] = value;
        bits[row - first] |= std::uint64_t{value != 0} << (column % 64);
      }
      if (column % 64 != 63 && column + 1 != columns) continue;
      for (std::int64_t row = first; row < last; ++row) {
        mask.words(row)[column / 64] = std::exchange(bits[row - first], 0);
      }
    }
  }
};

template <class Weight>
void skip_zero(const ops::Linear& op, Tally* tally) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.weight.dim(0);
  const auto mask = words_of(op.x);
  const auto weights =
      packed_forward_weights<Weight>(op.weight, {.in_channels = in, .out_channels = out},
                                     "linear.skip_zero", pack_skip_zero_forward<Weight>);
  conv1x1_skip_zero(batch, in, out, op.x.data<float>(), mask->words(), *weights,
                    op.bias ? op.bias.data<float>() : nullptr, op.y.mutable_data<float>());
  count_skipped_zeros(tally, op.x, out);
}

}  // namespace

void linear_skip_zero(const ops::Linear& op, Context&, Tally* tally) {
  skip_zero<float>(op, tally);
}
void linear_skip_zero_bf16_weights(const ops::Linear& op, Context&, Tally* tally) {
  skip_zero<Bf16Pair>(op, tally);
}

void linear_grad_input_skip_zero(const ops::LinearGradInput& op, Context&, Tally* tally) {
  const std::int64_t batch = op.grad_y.dim(0), in = op.weight.dim(1), out = op.weight.dim(0);
  const auto mask = words_of(op.grad_y);
  const auto weights =
      op.weight.derived<Floats>(str("linear.grad_input.skip_zero lanes=", direct_lanes()), [&] {
        return pack_skip_zero_grad_input({.in_channels = in, .out_channels = out},
                                         op.weight.data<float>());
      });
  conv1x1_skip_zero(batch, out, in, op.grad_y.data<float>(), mask->words(), *weights, nullptr,
                    op.grad_x.mutable_data<float>());
  count_skipped_zeros(tally, op.grad_y, in);
}

// The rows of the gradient are those of grad_y's transpose times x, whose rows the kernel takes for
// weights.
void linear_grad_weight_skip_zero_grad_y(const ops::LinearGradWeight& op, Context&, Tally* tally) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.grad_y.dim(1);
  const Transposed grad_y(op.grad_y);
  matmul_skip_zero(out, batch, in, grad_y.values.values(), grad_y.mask.words(), op.x.data<float>(),
                   op.grad_weight.mutable_data<float>());
  sum_rows<float>(op.grad_y, op.grad_bias);
  count_skipped_zeros(tally, op.grad_y, in);
}

}  // namespace joule::cpu
