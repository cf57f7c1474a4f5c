// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/conv2d.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <ostream>
#include <span>
#include <vector>

#include "joule/tests/kernels/conv2d/conv2d_layer.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/rounded_op.h"

namespace joule {
namespace {

using namespace test;

// Enough pixels for several items and partial sums, an odd number of images.
const ConvCase kManyItems{"many items", {4, 24, 24, 20}, 70, 3, {.padding = 1}};

TEST(Conv2dDeterminism, SameBitsForAnyNumberOfThreads) {
  const OnlyTheCpu has_these_threads;
  const ConvLayer layer(kManyItems, uniform);
  const Tensor l0_sum{Shape{}};
  const auto compare = [](const auto& op, std::initializer_list<Tensor> results) {
    using Op = std::decay_t<decltype(op)>;
    for (const auto& impl : Op::implementations()) {
      if (!impl.thread_invariant || !can_run(impl, op)) continue;
      SCOPED_TRACE(impl.name);
      std::vector<std::vector<Tensor>> by_threads;
      for_each_thread_count([&] {
        run(op, impl.name);
        auto& copies = by_threads.emplace_back();
        for (const Tensor& t : results) copies.push_back(t.clone());
      });
      for (std::size_t i = 0; i < results.size(); ++i) {
        expect_same_bits(by_threads[1][i], by_threads[0][i]);
      }
    }
    EXPECT_NE(select(op, Context{.deterministic = true}).name, kReference);
  };
  compare(layer.forward_relu(1e-3f, l0_sum), {layer.y.tensor(), l0_sum});
  compare(layer.grad_input(), {layer.grad_x.tensor()});
  compare(layer.wanted_grad_input(), {layer.grad_x.tensor()});
  compare(layer.grad_weights(), {layer.grad_weight.tensor(), layer.grad_bias.tensor()});
}

template <class Op>
void expect_same_bits_twice(const Op& op, std::string_view name, Precision precision,
                            std::initializer_list<Tensor> results) {
  run(op, name, precision);
  std::vector<Tensor> first;
  for (const Tensor& t : results) first.push_back(t.clone());
  run(op, name, precision);
  for (const Tensor& t : results) expect_same_bits(t, first[&t - results.begin()]);
}

TEST(Conv2dDeterminism, SameBitsRunToRun) {
  const auto compare = [](const auto& op, std::initializer_list<Tensor> results) {
    for_each_implementation(op, [&](std::string_view name) {
      expect_same_bits_twice(op, name, Precision::f32, results);
    });
  };
  const ConvCase depthwise{"depthwise", {3, 20, 20, 24}, 24, 3, {.padding = 1, .groups = 24}};
  const ConvCase many_channels{"many channels", {6, 14, 14, 128}, 64, 3, {.padding = 1}};
  const ConvCase& few_items = *std::ranges::find(cases(), "several partial sums", &ConvCase::what);
  for (const ConvCase& c : {few_items, kManyItems, depthwise, many_channels}) {
    SCOPED_TRACE(std::string(c.what));
    std::optional<OnlyTheCpu> only_the_cpu;
    if (!cuda_runs_all() && c.what != few_items.what) only_the_cpu.emplace();
    const ConvLayer layer(c, uniform);
    const Tensor l0_sum{Shape{}};
    compare(layer.forward_relu(1e-3f, l0_sum), {layer.y.tensor(), l0_sum});
    compare(layer.grad_input(), {layer.grad_x.tensor()});
    compare(layer.wanted_grad_input(), {layer.grad_x.tensor()});
    compare(layer.grad_weights(), {layer.grad_weight.tensor(), layer.grad_bias.tensor()});
  }
}

TEST(Conv2dDeterminism, SameBitsRunToRunIfRounded) {
  const ConvLayer layer(*std::ranges::find(cases(), "several partial sums", &ConvCase::what),
                        uniform);
  const Tensor l0_sum{Shape{}};
  const auto compare = [](const auto& op, std::initializer_list<Tensor> results) {
    for_each_that_rounds(op, [&](std::string_view name, Precision precision) {
      expect_same_bits_twice(op, name, precision, results);
    });
  };
  compare(layer.forward_relu(1e-3f, l0_sum), {layer.y.tensor(), l0_sum});
  compare(layer.grad_input(), {layer.grad_x.tensor()});
  compare(layer.grad_weights(), {layer.grad_weight.tensor(), layer.grad_bias.tensor()});
}

/// Whole numbers of which nine in ten are 0.
Tensor few_integers(const Shape& shape, std::uint64_t seed) {
  const Tensor t = integer_tensor(shape, seed), few = random_tensor(shape, seed + 9, 0.1);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    if (few.data<float>()[i] == 0) t.mutable_data<float>()[i] = 0;
  }
  return t;
}

// Few non-zeros are listed otherwise than the six in seven of IsExactOnIntegers.
TEST(Conv2dDeterminism, IsExactForFewNonzeros) {
  for_each_case([](const ConvCase& c) {
    const ConvLayer layer(c, few_integers);
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
    expect_exact(layer.grad_weights(), layer.grad_weight);
  });
}

// Of a larger batch each thread lists a part.
TEST(Conv2dDeterminism, IsExactWhereSeveralThreadsListTheNonzeros) {
  const ConvLayer layer({"large batch", {40, 32, 8, 8}, 8, 3, {.padding = 1}}, few_integers);
  run(layer.forward(), "cpu.direct");
  const Tensor expected = layer.y.tensor().clone();
  for_each_thread_count([&] {
    layer.x.mutable_data<float>();  // the runs are made again
    fill_with_nan(layer.y);
    run(layer.forward(), "cpu.skip_zero_runs");
    expect_same_bits_or_nan(layer.y.tensor(), expected);
  });
}

// The packed weights are kept with the weights, and must not outlive their values.
TEST(Conv2dDeterminism, SeesThatTheWeightsChanged) {
  for (const std::string_view what : {"3x3, tails in channels", "3x3", "depthwise"}) {
    SCOPED_TRACE(std::string(what));
    const ConvLayer layer(*std::ranges::find(cases(), what, &ConvCase::what), integer_tensor);
    run(layer.forward(), "cpu.direct");
    dispatch(layer.forward());
    dispatch(layer.grad_input());
    run(layer.grad_input(), "cpu.direct");
    for_each_implementation(layer.wanted_grad_input(),
                            [&](std::string_view name) { run(layer.wanted_grad_input(), name); });
    layer.weight.copy_from(integer_tensor(layer.weight.shape(), 5));
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
    expect_exact_where_wanted(layer);
  }
}

// The runs of non-zeros are kept with x: they must not outlive its values, and the slices of one
// storage have their own.
TEST(Conv2dDeterminism, SeesThatTheInputChanged) {
  const Tensor images = integer_tensor({4, 5, 6, 7}, 1), weight = integer_tensor({9, 3, 3, 7}, 2);
  const Guarded y({2, 3, 4, 9});
  for (const std::uint64_t seed : {5, 6}) {
    images.copy_from(integer_tensor(images.shape(), seed));
    for (const std::int64_t first : {0, 2, 0}) {
      expect_exact(ops::Conv2d{.x = images.slice(first, 2), .weight = weight, .y = y.tensor()}, y);
    }
  }
}

// One filter bank, first with the taps side by side, then apart: few channels are packed otherwise.
TEST(Conv2dDeterminism, PacksTheWeightsForEachDilation) {
  const Tensor weight = integer_tensor({20, 3, 3, 16}, 7);
  for (const std::int64_t dilation : {1, 2}) {
    const ConvLayer layer({"dilation", {2, 7, 7, 16}, 20, 3, {.padding = 2, .dilation = dilation}},
                          integer_tensor);
    ops::Conv2d op = layer.forward();
    op.weight = weight;
    expect_exact(op, layer.y);
    ops::Conv2dGradInput grad = layer.grad_input();
    grad.weight = weight;
    expect_exact(grad, layer.grad_x);
  }
}

// Two filter banks in one storage, of one shape.
TEST(Conv2dDeterminism, PacksTheWeightsOfEachSlice) {
  const ConvLayer layer({"slice", {2, 5, 7, 13}, 35, 3, {.padding = 1}}, integer_tensor);
  const Tensor both = integer_tensor({70, 3, 3, 13}, 7);
  for (const std::int64_t first : {0, 35}) {
    ops::Conv2d op = layer.forward();
    op.weight = both.slice(first, 35);
    expect_exact(op, layer.y);
  }
}

// A vector's lanes reach beyond a group of few channels, but must not be read beyond the tensor: a
// test for AddressSanitizer.
TEST(Conv2dDeterminism, ReadsNothingBeyondTheLastGroup) {
  const ConvLayer layer({"groups of four", {2, 6, 6, 16}, 16, 3, {.padding = 1, .groups = 4}},
                        integer_tensor);
  expect_exact(layer.grad_weights(), layer.grad_weight);
}

// The packed weights depend on the instruction set, too.
TEST(Conv2dDeterminism, PacksTheWeightsForEachTarget) {
  const ConvLayer layer({"tails", {2, 5, 7, 13}, 35, 3, {.padding = 1}}, integer_tensor);
  for_each_target([&] {
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
    expect_exact_where_wanted(layer);
  });
}

}  // namespace
}  // namespace joule
