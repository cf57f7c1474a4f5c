// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cpu/epilogue.h"
#include "joule/kernels/conv2d/cpu/winograd/winograd.h"
#include "joule/kernels/conv2d/impl.h"

namespace joule::cpu {
namespace {

/// The transformed weights, made once per update of the weights.
template <class Make>
std::shared_ptr<const Floats> transformed_once(const Tensor& weight, std::string_view pass,
                                               WinogradTile tile, const Conv2dShape& s,
                                               Make&& make) {
  return weight.derived<Floats>(
      str("conv2d.winograd ", pass, " m=", static_cast<int>(tile), " lanes=", direct_lanes()),
      [&] { return make(tile, s, weight.data<float>()); });
}

void winograd_forward(WinogradTile tile, const ops::Conv2d& op, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = transformed_once(op.weight, "forward", tile, s, winograd_weights);
  const float* const bias = op.bias ? op.bias.data<float>() : nullptr;
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  if (op.relu) {
    ReluEpilogue relu(op, y, winograd_items(tile, s));
    conv2d_winograd(tile, s, x, *weights, bias, y,
                    [&](std::int64_t item, std::int64_t pixel, std::int64_t pixels) {
                      relu.run(item, pixel, pixels);
                    });
    relu.finish();
  } else {
    conv2d_winograd(tile, s, x, *weights, bias, y, nullptr);
  }
  count_zeros_of_x(tally, s, op.x);
}

void winograd_grad_input(WinogradTile tile, const ops::Conv2dGradInput& op, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights =
      transformed_once(op.weight, "grad_input", tile, s, winograd_grad_input_weights);
  conv2d_grad_input_winograd(tile, s, op.grad_y.data<float>(), *weights,
                             op.grad_x.mutable_data<float>());
  count_zeros_of_grad_input(tally, s, op);
}

}  // namespace

void conv2d_winograd_2x2(const ops::Conv2d& op, Context&, Tally* tally) {
  winograd_forward(WinogradTile::two, op, tally);
}
void conv2d_winograd_4x4(const ops::Conv2d& op, Context&, Tally* tally) {
  winograd_forward(WinogradTile::four, op, tally);
}
void conv2d_grad_input_winograd_2x2(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  winograd_grad_input(WinogradTile::two, op, tally);
}
void conv2d_grad_input_winograd_4x4(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  winograd_grad_input(WinogradTile::four, op, tally);
}

}  // namespace joule::cpu
