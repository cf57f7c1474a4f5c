// SPDX-License-Identifier: MIT
// What gradients that have vanished cost: the backward operations on gradients of about 1e-38, by
// dispatch(), which flushes denormals, and by the same implementation without it.  What the
// processor needs for a denormal differs: see the first argument's two rows for ordinary gradients.
#include <benchmark/benchmark.h>

#include <cmath>

#include "joule/core/random.h"
#include "joule/core/threads.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/linear/linear.h"

namespace joule {
namespace {

Tensor uniform(const Shape& shape, float magnitude) {
  const Tensor t(shape);
  default_generator().uniform({t.mutable_data<float>(), static_cast<std::size_t>(t.numel())},
                              -magnitude, magnitude);
  return t;
}

/// state.range(0): the decimal exponent of the gradients; state.range(1): 1 to flush.
template <Operation Op>
void run(benchmark::State& state, const Op& op) {
  set_num_threads(1);
  Context ctx{.force = "cpu.direct"};
  if (Op::kName.starts_with("linear")) ctx.force = "cpu.gemm";
  const auto& implementation = select(op, ctx);
  for (auto _ : state) {
    if (state.range(1)) {
      dispatch(op, ctx);
    } else {
      implementation.run(op, ctx, nullptr);
    }
  }
}

float magnitude(const benchmark::State& state) {
  return std::pow(10.0f, static_cast<float>(state.range(0)));
}

const Shape kImage{16, 14, 14, 64}, kWeight{64, 3, 3, 64};

void grad_input(benchmark::State& state) {
  run(state, ops::Conv2dGradInput{.grad_y = uniform(kImage, magnitude(state)),
                                  .weight = uniform(kWeight, 0.1f),
                                  .grad_x = Tensor(kImage),
                                  .params = {.padding = 1}});
}
void grad_weight(benchmark::State& state) {
  run(state, ops::Conv2dGradWeight{.x = uniform(kImage, 1),
                                   .grad_y = uniform(kImage, magnitude(state)),
                                   .grad_weight = Tensor(kWeight),
                                   .params = {.padding = 1}});
}
void linear_grad_input(benchmark::State& state) {
  run(state, ops::LinearGradInput{.grad_y = uniform({128, 128}, magnitude(state)),
                                  .weight = uniform({128, 6272}, 0.1f),
                                  .grad_x = Tensor({128, 6272})});
}

void each_case(benchmark::internal::Benchmark* b) {
  b->ArgNames({"exponent", "flush"})->ArgsProduct({{0, -38}, {0, 1}});
}
BENCHMARK(grad_input)->Apply(each_case);
BENCHMARK(grad_weight)->Apply(each_case);
BENCHMARK(linear_grad_input)->Apply(each_case);

}  // namespace
}  // namespace joule

BENCHMARK_MAIN();
