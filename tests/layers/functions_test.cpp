// SPDX-License-Identifier: MIT
#include "joule/layers/functions.h"

#include <limits>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/ops.h"
#include "joule/kernels/zero_mask_rows.h"
#include "joule/layers/containers.h"
#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

const Tensor kX = random_tensor({2, 5, 4, 4}, 1);

TEST(Gradients, Conv2d) {
  struct Case {
    Size2 kernel;
    ConvParams params;
  };
  const Case cases[] = {{{3, 3}, {.padding = 1}},
                        {{1, 1}, {}},
                        {{3, 2}, {.stride = {2, 1}, .padding = {1, 0}}},
                        {{2, 2}, {.dilation = 2}},
                        {{3, 3}, {.padding = 1, .groups = 2}},
                        {{3, 3}, {.padding = 1, .groups = 4}}};
  for (const Case& c : cases) {
    SCOPED_TRACE(str("kernel ", c.kernel, " groups ", c.params.groups));
    const Tensor w = random_tensor({4, c.kernel.h, c.kernel.w, 4 / c.params.groups}, 2);
    const Tensor b = random_tensor({4}, 3);
    expect_gradients([&](Inputs in) { return conv2d(in[0], in[1], in[2], c.params); }, {kX, w, b});
    expect_gradients([&](Inputs in) { return conv2d_relu(in[0], in[1], in[2], c.params).y; },
                     {kX, w, b}, 4);
    expect_gradients(
        [&](Inputs in) { return conv2d_relu(in[0], in[1], in[2], c.params, 0.1f).l0_sum; },
        {kX, w, b}, 4);
    expect_gradients(
        [&](Inputs in) { return conv2d_relu(in[0], in[1], in[2], c.params, 0, 0.3f).y; },
        {kX, w, b}, 4);
  }
}

TEST(Gradients, Conv2dAfterARelu) {
  expect_gradients(
      [](Inputs in) { return conv2d(max_pool2d(relu(in[0]), 2, 1), in[1], {}, {.padding = 1}); },
      {kX, random_tensor({3, 2, 2, 4}, 2)}, 2);
}

TEST(Gradients, Conv2dWithoutABias) {
  expect_gradients([&](Inputs in) { return conv2d(in[0], in[1]); },
                   {kX, random_tensor({3, 2, 2, 4}, 2)});
}

TEST(Gradients, Linear) {
  expect_gradients([](Inputs in) { return linear(in[0], in[1], in[2]); },
                   {random_tensor({3, 5}, 1), random_tensor({4, 5}, 2), random_tensor({4}, 3)});
}

TEST(Gradients, Scale) {
  const Tensor factor = Tensor::full(Shape{}, -0.7f).to(DType::f64);
  expect_gradients([&](Inputs in) { return scale(in[0], factor); }, {kX});
}

TEST(Gradients, ReluAndItsL0) {
  expect_gradients([](Inputs in) { return relu(in[0]); }, {kX}, 2);
  expect_gradients([](Inputs in) { return relu_with_l0(in[0], 0.05f).l0_sum; }, {kX}, 2);
  expect_gradients([](Inputs in) { return relu_with_l0(in[0], 0.05f, 0.3f).l0_sum; }, {kX}, 2);
  expect_gradients([](Inputs in) { return relu_with_l0(in[0], 0, 0.3f).y; }, {kX}, 2);
  expect_gradients(
      [](Inputs in) {
        const ReluOutput out = relu_with_l0(in[0], 0.05f);
        return linear(flatten(out.y), in[1]) +
               linear(out.l0_sum.reshape({1, 1}), Tensor::full({6, 1}, 1).to(DType::f64))
                   .reshape({2, 3});
      },
      {kX, random_tensor({3, 80}, 2)}, 2);
}

TEST(Gradients, Pooling) {
  expect_gradients([](Inputs in) { return max_pool2d(in[0], 2, 2); }, {kX});
  expect_gradients([](Inputs in) { return max_pool2d(in[0], 3, {2, 1}, 1); }, {kX});
  expect_gradients([](Inputs in) { return avg_pool2d(in[0], {3, 2}, 1, {1, 0}); }, {kX});
  expect_gradients([](Inputs in) { return global_avg_pool(in[0]); }, {kX});
  expect_gradients([](Inputs in) { return max_pool2d(in[0], 2, 3, 1, {.ceil_mode = true}); }, {kX});
  for (const bool include : {true, false}) {
    expect_gradients(
        [&](Inputs in) {
          return avg_pool2d(in[0], {3, 2}, 2, {1, 0},
                            {.ceil_mode = true, .count_include_pad = include});
        },
        {kX});
  }
}

TEST(Gradients, BatchNorm) {
  const Tensor mean = Tensor::zeros({4}, DType::f64), var = Tensor::zeros({4}, DType::f64);
  expect_gradients(
      [&](Inputs in) { return batch_norm(in[0], in[1], in[2], mean.clone(), var.clone(), true); },
      {kX, random_tensor({4}, 2), random_tensor({4}, 3)});
}

TEST(Gradients, BatchNormWithFrozenStatistics) {
  const auto to64 = [](const Tensor& t) { return t.to(DType::f64); };
  const Tensor mean = to64(random_tensor({4}, 4)), var = to64(Tensor::full({4}, 0.6f));
  const auto frozen = [&](const Tensor& x, const Tensor& gamma, const Tensor& beta) {
    return batch_norm(x, gamma, beta, mean, var, false);
  };
  const Tensor gamma = random_tensor({4}, 2), beta = random_tensor({4}, 3);
  expect_gradients([&](Inputs in) { return frozen(in[0], in[1], in[2]); }, {kX, gamma, beta});
  // One operand alone needs a gradient: the input (a map of what the net looks at), or a shift.
  expect_gradients([&](Inputs in) { return frozen(in[0], to64(gamma), to64(beta)); }, {kX});
  expect_gradients([&](Inputs in) { return frozen(to64(kX), to64(gamma), in[0]); }, {beta});
}

TEST(Gradients, Dropout) {
  expect_gradients(
      [](Inputs in) {
        Generator generator(3);
        return dropout(in[0], 0.4f, generator);
      },
      {kX});
}

TEST(Gradients, AddConcatFlatten) {
  expect_gradients([](Inputs in) { return in[0] + in[0] + in[1]; },
                   {kX, random_tensor(kX.shape(), 2)});
  expect_gradients([](Inputs in) { return concat(in); }, {kX, random_tensor({2, 5, 4, 3}, 2)});
  expect_gradients([](Inputs in) { return flatten(in[0]); }, {kX});
}

TEST(Gradients, CrossEntropy) {
  const Tensor labels = Tensor::from(std::vector<std::int32_t>{2, 0, 1}, {3});
  for (const float smoothing : {0.0f, 0.1f}) {
    expect_gradients(
        [&](Inputs in) { return cross_entropy(in[0], labels, {.label_smoothing = smoothing}); },
        {random_tensor({3, 4}, 1)});
  }
}

TEST(Gradients, CrossEntropyOfEveryOption) {
  const Tensor labels = Tensor::from(std::vector<std::int32_t>{2, -100, 1, 3}, {4});
  const Tensor weights = Tensor::from(std::vector<float>{1, 0.5f, 2, 0.25f}, {4}).to(DType::f64);
  for (const LossReduction reduction : {LossReduction::mean, LossReduction::sum}) {
    for (const Tensor& w : {Tensor(), weights}) {
      expect_gradients(
          [&](Inputs in) {
            return cross_entropy(in[0], labels,
                                 {.label_smoothing = 0.1f,
                                  .weights = w,
                                  .ignore_index = -100,
                                  .reduction = reduction});
          },
          {random_tensor({4, 4}, 1)});
    }
  }
}

TEST(Gradients, DropoutOfEverythingIsZero) {
  const Tensor x = random_tensor({3, 5}, 1).set_requires_grad();
  const Tensor y = dropout(x, 1);
  EXPECT_EQ(y.nonzeros(), 0);
  y.backward(Tensor::full(y.shape(), 1));
  expect_same_bits(x.grad(), Tensor::zeros(x.shape()));
}

TEST(Functions, OverwriteOnlyWhatWasMovedIn) {
  const Tensor x = random_tensor({2, 100}, 1);
  const Tensor before = x.clone();
  relu(x);
  expect_same_bits(x, before);
  Tensor moved = before.clone();
  const float* const storage = moved.data<float>();
  EXPECT_EQ(relu(std::move(moved)).data<float>(), storage);
  Tensor shared = before.clone();
  const Tensor other = shared.reshape({200});
  relu(std::move(shared));
  expect_same_bits(other.reshape({2, 100}), before);
}

TEST(Functions, FusedConvolutionEqualsItsParts) {
  Tensor w = random_tensor({70, 3, 3, 4}, 2), b = random_tensor({70}, 3);
  w.set_requires_grad();
  b.set_requires_grad();
  const ConvParams params{.padding = 1};
  const SmoothL0 l0{0.1f, 2};
  const auto gradients = [&](const ReluOutput& out) {
    w.zero_grad();
    b.zero_grad();
    (cross_entropy(flatten(out.y), Tensor::zeros({2}, DType::i32)) +
     l0_penalty(std::vector<Tap>{{.value = out.y, .l0 = l0, .l0_sum = out.l0_sum}},
                {.sigma = l0.sigma, .cutoff = l0.cutoff}))
        .backward();
    return std::pair(w.grad(), b.grad());
  };
  const ReluOutput fused = conv2d_relu(kX, w, b, params, l0);
  const ReluOutput parts = relu_with_l0(conv2d(kX, w, b, params), l0);
  const auto [fused_w, fused_b] = gradients(fused);
  const auto [parts_w, parts_b] = gradients(parts);
  // 40 roundings: 36 products, the bias, and what the order of summation moves, twice over.
  const double bound = 2 * gamma(40) * (36 + 1);
  for (std::int64_t i = 0; i < fused.y.numel(); ++i) {
    ASSERT_NEAR(fused.y.data<float>()[i], parts.y.data<float>()[i], bound);
  }
  expect_mask_matches(fused.y);
  EXPECT_NEAR(fused.l0_sum.item(), parts.l0_sum.item(), 1e-4 * parts.l0_sum.item());
  for (std::int64_t i = 0; i < w.numel(); ++i) {
    ASSERT_NEAR(fused_w.data<float>()[i], parts_w.data<float>()[i], 1e-5);
  }
  for (std::int64_t i = 0; i < b.numel(); ++i) {
    ASSERT_NEAR(fused_b.data<float>()[i], parts_b.data<float>()[i], 1e-5);
  }
}

TEST(EmptyBatch, FlattenKeepsTheFeatures) {
  EXPECT_EQ(flatten(Tensor(Shape{0, 28, 28, 1})).shape(), (Shape{0, 784}));
  EXPECT_EQ(flatten(Tensor(Shape{2, 28, 28, 1})).shape(), (Shape{2, 784}));
  EXPECT_EQ(flatten(Tensor(Shape{0, 5})).shape(), (Shape{0, 5}));
  EXPECT_EQ(flatten(Tensor(Shape{3})).shape(), (Shape{3, 1}));
}

/// Every row that can run `op` writes the tensors of `zeros`, sums over no images, as zeros.
template <Operation Op>
void expect_zeros_by_every_row(const Op& op, const std::vector<Tensor>& zeros = {}) {
  for_each_implementation(op, [&](std::string_view name) {
    for (const Tensor& t : zeros) t.fill(7);
    run(op, name);
    for (const Tensor& t : zeros) EXPECT_EQ(t.nonzeros(), 0) << t.shape();
  });
}

TEST(EmptyBatch, EveryRowOfTheConvolutionsTakesIt) {
  for (const std::int64_t kernel : {1, 3}) {
    const ConvParams params{.padding = kernel / 2};
    const Tensor x(Shape{0, 6, 6, 16}), y(Shape{0, 6, 6, 8}), w({8, kernel, kernel, 16}), b({8});
    const Tensor grad_w(w.shape()), grad_b({8}), sum(Shape{});
    expect_zeros_by_every_row(
        ops::Conv2d{.x = x, .weight = w, .y = y, .bias = b, .params = params});
    expect_zeros_by_every_row(ops::Conv2d{.x = x,
                                          .weight = w,
                                          .y = y,
                                          .params = params,
                                          .relu = true,
                                          .sigma = 0.5f,
                                          .l0_sum = sum},
                              {sum});
    expect_zeros_by_every_row(
        ops::Conv2dGradInput{.grad_y = y, .weight = w, .grad_x = x, .params = params});
    expect_zeros_by_every_row(
        ops::Conv2dGradWeight{
            .x = x, .grad_y = y, .grad_weight = grad_w, .grad_bias = grad_b, .params = params},
        {grad_w, grad_b});
  }
}

TEST(EmptyBatch, EveryRowOfTheOtherLayersTakesIt) {
  const Tensor x(Shape{0, 6, 6, 5}), y(Shape{0, 3, 3, 5}), means(Shape{0, 5}), sum(Shape{});
  const Tensor index(ops::MaxPool2d::index_shape(y.shape()), DType::i32), both(Shape{0, 6, 6, 10});
  expect_zeros_by_every_row(ops::Relu{.x = x, .y = x, .sigma = 0.5f, .l0_sum = sum}, {sum});
  expect_zeros_by_every_row(ops::ReluGrad{.y = x, .grad_y = x, .grad_x = x});
  expect_zeros_by_every_row(ops::MaxPool2d{.x = x, .y = y, .index = index});
  expect_zeros_by_every_row(ops::MaxPool2dGrad{.index = index, .grad_y = y, .grad_x = x});
  expect_zeros_by_every_row(ops::AvgPool2d{.x = x, .y = y});
  expect_zeros_by_every_row(ops::AvgPool2dGrad{.grad_y = y, .grad_x = x});
  const Tensor large(Shape{0, 12, 6, 5});
  expect_zeros_by_every_row(ops::ResizeNearest{.x = x, .y = large, .rows = {2}, .columns = {1}});
  expect_zeros_by_every_row(
      ops::ResizeNearestGrad{.grad_y = large, .grad_x = x, .rows = {2}, .columns = {1}});
  expect_zeros_by_every_row(ops::GlobalAvgPool{.x = x, .y = means});
  expect_zeros_by_every_row(ops::GlobalAvgPoolGrad{.grad_y = means, .grad_x = x});
  expect_zeros_by_every_row(ops::Add{.a = x, .b = x, .y = x});
  expect_zeros_by_every_row(ops::Scale{.x = x, .y = x, .factor = 2});
  expect_zeros_by_every_row(ops::Concat{.xs = {x, x}, .y = both});
  expect_zeros_by_every_row(ops::ConcatGrad{.grad_y = both, .grad_xs = {x, x}});
  const Tensor channel = Tensor::full({5}, 1);
  expect_zeros_by_every_row(ops::BatchNormInference{.x = x,
                                                    .gamma = channel,
                                                    .beta = channel,
                                                    .running_mean = channel,
                                                    .running_var = channel,
                                                    .y = x});
}

TEST(EmptyBatch, GoesThroughAWholeNetAndBack) {
  nn::Sequential net(nn::Conv2d({.in = 1, .out = 4, .padding = 1}), nn::BatchNorm(4), nn::ReLU(),
                     nn::MaxPool2d(2), nn::AvgPool2d(2), nn::Dropout(0.5f), nn::Flatten(),
                     nn::Linear(4 * 7 * 7, 10));
  const Tensor none(Shape{0, 28, 28, 1});
  EXPECT_EQ(error_of([&] { net(none); }),
            "1, BatchNorm(4): batch_norm: a variance needs at least 2 values per channel, x is "
            "[0,28,28,4]");
  net.eval();
  const Tensor logits = net(none);
  EXPECT_EQ(logits.shape(), (Shape{0, 10}));
  logits.backward(Tensor(logits.shape()));
  for (const auto& [name, tensor] : net.parameters()) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_EQ(tensor.grad().nonzeros(), 0) << name;
  }
  EXPECT_TRUE(argmax(logits).empty());
  EXPECT_EQ(error_of([&] { cross_entropy(logits, Tensor(Shape{0}, DType::i32)); }),
            "softmax_cross_entropy: logits must be [N,K] with N and K at least 1, got [0,10]");
  EXPECT_EQ(error_of([&] { l0_penalty(std::vector<Tap>{{.layer = "relu", .value = none}}); }),
            "l0_penalty: the tap of layer 'relu' holds no values");
}

/// `fn` of leaves; then `written`, which its backward needs, is overwritten.
std::string error_after_write(const std::function<Tensor(std::vector<Tensor>&)>& fn,
                              std::vector<Tensor> leaves, std::size_t written) {
  for (Tensor& leaf : leaves) {
    leaf = leaf.clone();
    if (leaf.dtype() != DType::i32) leaf.set_requires_grad();
  }
  const Tensor y = fn(leaves);
  leaves[written].fill(1);
  return error_of([&] { y.backward(Tensor::full(y.shape(), 1)); });
}

TEST(Functions, BackwardRefusesWhatWasWrittenOver) {
  const Tensor w = random_tensor({3, 3, 3, 4}, 2), b = random_tensor({3}, 3);
  const Tensor rows = random_tensor({2, 4}, 1), matrix = random_tensor({3, 4}, 2);
  const Tensor per_channel = random_tensor({4}, 2);
  Tensor labels({2}, DType::i32), factor = Tensor::full(Shape{}, 2), mean({4}), var({4});
  labels.fill(1);
  struct Case {
    std::string_view saved;  // by which op, and how it is called
    std::function<Tensor(std::vector<Tensor>&)> fn;
    std::vector<Tensor> leaves;
    std::size_t written;
  };
  const auto conv = [](auto& in) { return conv2d(in[0], in[1], in[2]); };
  // Without a penalty, a ReLU keeps its mask alone.
  const auto fused = [](auto& in) { return in[3] = conv2d_relu(in[0], in[1], in[2], {}, 0.1f).y; };
  const auto dense = [](auto& in) { return linear(in[0], in[1]); };
  const auto norm = [&](auto& in) { return batch_norm(in[0], in[1], in[2], mean, var, true, {}); };
  const auto loss = [](auto& in) { return cross_entropy(in[0], in[1]); };
  const Case cases[] = {{"conv2d: its saved x ", conv, {kX, w, b}, 0},
                        {"conv2d: its saved weight ", conv, {kX, w, b}, 1},
                        {"conv2d_relu: its saved weight ", fused, {kX, w, b, b}, 1},
                        {"conv2d_relu: its saved y ", fused, {kX, w, b, b}, 3},
                        {"relu: its saved y ",
                         [](auto& in) { return in[1] = relu_with_l0(in[0], 0.1f).y; },
                         {kX, b},
                         1},
                        {"linear: its saved x ", dense, {rows, matrix}, 0},
                        {"linear: its saved weight ", dense, {rows, matrix}, 1},
                        {"batch_norm: its saved x ", norm, {rows, per_channel, per_channel}, 0},
                        {"batch_norm: its saved gamma ", norm, {rows, per_channel, per_channel}, 1},
                        {"scale: its saved factor ",
                         [](auto& in) { return scale(in[0], in[1] = in[1].detach()); },
                         {rows, factor},
                         1},
                        {"softmax_cross_entropy: its saved labels ", loss, {rows, labels}, 1},
                        {"l0_sum: its saved x ",
                         [](auto& in) {
                           const Tap tap{.layer = "a", .value = in[0]};
                           return l0_penalty({&tap, 1}, {.lambda = 1, .sigma = 0.1f});
                         },
                         {rows},
                         0}};
  for (const Case& c : cases) {
    EXPECT_EQ(error_after_write(c.fn, c.leaves, c.written).substr(0, c.saved.size()), c.saved);
  }
}

TEST(Functions, OnlyWhatBackwardNeedsIsSaved) {
  Tensor weight = random_tensor({3, 3, 3, 4}, 2), matrix = random_tensor({3, 4}, 2);
  weight.set_requires_grad(), matrix.set_requires_grad();
  const Tensor y = conv2d(kX, weight), z = linear(random_tensor({2, 4}, 1), matrix);
  weight.fill(0), matrix.fill(0);  // no gradient of x is needed, so neither is the weight
  y.backward(Tensor::full(y.shape(), 1)), z.backward(Tensor::full(z.shape(), 1));
  EXPECT_GT(weight.grad().nonzeros(), 0);
  EXPECT_GT(matrix.grad().nonzeros(), 0);

  Tensor x = random_tensor({2, 4}, 1);
  x.set_requires_grad();
  const Tensor frozen = random_tensor({3, 4}, 2), out = linear(x, frozen);
  x.fill(0);
  out.backward(Tensor::full(out.shape(), 1));
  EXPECT_GT(x.grad().nonzeros(), 0);
}

TEST(Functions, ErrorsNameTheOperand) {
  EXPECT_EQ(error_of([] {
              conv2d(Tensor({4, 4, 3}), Tensor({2, 3, 3, 3}));
            }),
            "conv2d: x must have 4 dimensions, got [4,4,3]");
  EXPECT_EQ(error_of([] {
              linear(Tensor({2, 2, 3}), Tensor({4, 3}));
            }),
            "linear: x must have 2 dimensions, got [2,2,3]");
  EXPECT_EQ(error_of([] { cross_entropy(Tensor(), Tensor()); }),
            "cross_entropy: logits is undefined");
  EXPECT_EQ(error_of([] { argmax(Tensor({3})); }),
            "argmax: logits must have 2 dimensions, got [3]");
}

TEST(Argmax, TakesTheFirstOfEquals) {
  EXPECT_EQ(argmax(Tensor::from(std::vector<float>{0, 2, 2, 5, 1, 1}, {2, 3})),
            (std::vector<std::int32_t>{1, 0}));
}

TEST(Argmax, TheFirstNanOfARowIsItsLargest) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const std::vector<float> rows{3,    kNan, 1,     5, kNan, 1,  2,    0,  1,    2,    kNan, 0,
                                kInf, kNan, -kInf, 0, -1,   -2, kNan, -3, kNan, kNan, kNan, kNan};
  EXPECT_EQ(argmax(Tensor::from(rows, {6, 4})), (std::vector<std::int32_t>{1, 0, 2, 1, 2, 0}));
}

}  // namespace
}  // namespace joule
