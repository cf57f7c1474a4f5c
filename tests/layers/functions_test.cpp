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

TEST(Gradients, L0PenaltyByBothWaysAndNormalizations) {
  for (const float tapped_sigma : {0.0f, 0.05f, 0.2f}) {
    for (const auto normalization :
         {L0Normalization::per_layer_mean, L0Normalization::per_parameter}) {
      expect_gradients(
          [&](Inputs in) {
            std::vector<Tap> taps;
            for (const Tensor& x : in) {
              ReluOutput out = relu_with_l0(x, tapped_sigma);
              taps.push_back({.value = out.y, .l0 = tapped_sigma, .l0_sum = out.l0_sum});
            }
            return l0_penalty(
                taps,
                {.lambda = 0.7f, .sigma = 0.05f, .normalization = normalization, .parameters = 10});
          },
          {kX, random_tensor({2, 3}, 2)}, 4);
    }
  }
}

TEST(L0Penalty, BeyondTheCutoffItHasNoGradient) {
  constexpr float kSigma = 0.05f, kCutoff = 3;
  const float reach = kCutoff * std::sqrt(kSigma);
  const Tensor values = random_tensor({6, 50}, 3, 0.8);
  // By a pass of its own, in the ReLU's pass, and with a sum of another form, which does not count.
  for (const SmoothL0& tapped : {SmoothL0{}, SmoothL0{kSigma, kCutoff}, SmoothL0{kSigma, 0}}) {
    const auto gradient = [&](float cutoff) {
      const Tensor x = values.clone().set_requires_grad();
      ReluOutput out = relu_with_l0(x, tapped);
      const std::vector<Tap> taps{{.value = out.y, .l0 = tapped, .l0_sum = out.l0_sum}};
      l0_penalty(taps, {.sigma = kSigma, .cutoff = cutoff}).backward();
      return x.grad();
    };
    const Tensor whole = gradient(0), cut = gradient(kCutoff);
    std::int64_t beyond = 0;
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      const bool out = values.data<float>()[i] > reach;
      beyond += out;
      ASSERT_FLOAT_EQ(cut.data<float>()[i], out ? 0 : whole.data<float>()[i]);
    }
    EXPECT_GT(beyond, 30);
    EXPECT_GT(whole.nonzeros() - beyond, 30);
  }
}

TEST(L0Penalty, IsTheFormula) {
  const Tensor a = Tensor::from(std::vector<float>{1, 0, 2, 0}, {2, 2});
  const Tensor b = Tensor::from(std::vector<float>{3, 3}, {2, 1});
  const std::vector<Tap> taps{{.layer = "a", .value = a}, {.layer = "b", .value = b}};
  const double sa = 1 / 1.5 + 4 / 4.5, sb = 2 * 9 / 9.5;
  EXPECT_NEAR(l0_penalty(taps, {.lambda = 3, .sigma = 0.5f}).item(), 3 * (sa / 4 + sb / 2) / 2,
              1e-6);
  EXPECT_NEAR(l0_penalty(taps, {.lambda = 3,
                                .sigma = 0.5f,
                                .normalization = L0Normalization::per_parameter,
                                .parameters = 5})
                  .item(),
              3 * (sa + sb) / 5 / 2, 1e-6);
}

TEST(Gradients, L0PenaltyWithSavings) {
  for (const auto normalization :
       {L0Normalization::per_layer_mean, L0Normalization::per_parameter}) {
    expect_gradients(
        [&](Inputs in) {
          std::vector<Tap> taps;
          for (const Tensor& x : in) {
            ReluOutput out = relu_with_l0(x, 0.05f);
            taps.push_back({.value = out.y, .l0 = 0.05f, .l0_sum = out.l0_sum});
          }
          return l0_penalty(taps, {.lambda = 0.7f,
                                   .sigma = 0.05f,
                                   .normalization = normalization,
                                   .parameters = 10,
                                   .savings = {3, 1}});
        },
        {kX, random_tensor({2, 3}, 2)}, 4);
  }
}

TEST(L0Penalty, SavingsSayWhatALayerCounts) {
  const Tensor a = Tensor::from(std::vector<float>{1, 0, 2, 0}, {2, 2});
  const Tensor b = Tensor::from(std::vector<float>{3, 3}, {2, 1});
  const std::vector<Tap> taps{{.layer = "a", .value = a}, {.layer = "b", .value = b}};
  const double sa = 1 / 1.5 + 4 / 4.5, sb = 2 * 9 / 9.5;
  // Three quarters of what zeros save, they save in a: which has two of three values per image.
  L0Options options{.lambda = 3, .sigma = 0.5f, .savings = {300, 100}};
  EXPECT_NEAR(l0_penalty(taps, options).item(), 3 * (0.75 * sa / 4 + 0.25 * sb / 2), 1e-6);
  options.normalization = L0Normalization::per_parameter;
  options.parameters = 5;
  EXPECT_NEAR(l0_penalty(taps, options).item(), 3 * (sa * (0.75 / 2) + sb * (0.25 / 1)) * 3 / 5 / 2,
              1e-6);
  // Where nothing is zero, it is what it is without.
  const std::vector<Tap> full{{.value = Tensor::full({2, 2}, 1e6f)},
                              {.value = Tensor::full({2, 1}, 1e6f)}};
  for (const auto normalization :
       {L0Normalization::per_layer_mean, L0Normalization::per_parameter}) {
    L0Options with{.normalization = normalization, .parameters = 7, .savings = {1, 41}};
    L0Options without = with;
    without.savings.clear();
    EXPECT_NEAR(l0_penalty(full, with).item(), l0_penalty(full, without).item(), 1e-6);
  }
  options.savings = {1};
  EXPECT_EQ(error_of([&] { l0_penalty(taps, options); }),
            "l0_penalty: there are 2 taps, but 1 savings");
  options.savings = {1, -1};
  EXPECT_EQ(error_of([&] { l0_penalty(taps, options); }),
            "l0_penalty: the savings of layer 'b' must not be negative, got -1");
  options.savings = {0, 0};
  EXPECT_EQ(error_of([&] { l0_penalty(taps, options); }),
            "l0_penalty: no layer that is penalised saves anything by its zeros");
}

TEST(L0Penalty, TakesNoSumOfAnotherSigma) {
  const ReluOutput out = relu_with_l0(Tensor::full({2, 2}, 1), 3);
  const std::vector<Tap> taps{{.value = out.y, .l0 = 3, .l0_sum = out.l0_sum}};
  EXPECT_NEAR(l0_penalty(taps, {.sigma = 3}).item(), 1 / (1 + 3.0), 1e-6);
  EXPECT_NEAR(l0_penalty(taps, {.sigma = 1}).item(), 1 / (1 + 1.0), 1e-6);
}

TEST(L0Penalty, Errors) {
  const std::vector<Tap> taps{{.layer = "a", .value = Tensor::full({2, 2}, 1)}};
  EXPECT_EQ(error_of([] { l0_penalty({}); }),
            "l0_penalty: there are no taps; is there a ReLU layer in the net?");
  EXPECT_EQ(error_of([&] { l0_penalty(taps, {.lambda = -1}); }),
            "l0_penalty: lambda must not be negative, got -1");
  EXPECT_EQ(error_of([&] { l0_penalty(taps, {.sigma = 0}); }),
            "l0_penalty: sigma must be from 1.17549e-38 to 1.1259e+15, got 0");
  EXPECT_EQ(error_of([&] { l0_penalty(taps, {.normalization = L0Normalization::per_parameter}); }),
            "l0_penalty: per_parameter needs the number of parameters, got 0");
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

/// What `forward` makes of the leaf is the input of a convolution.  Its gradients, with the row
/// named `grad_input`: of the leaf and of the weights.  Whole numbers, so that all rows agree to
/// the bit.
struct ConvGradients {
  Tensor x, weight;
};
using Function = std::function<Tensor(const Tensor&)>;
ConvGradients conv_gradients(const Function& forward, std::string_view grad_input) {
  Tensor x = integer_tensor({2, 6, 6, 4}, 1), weight = integer_tensor({3, 3, 3, 4}, 2);
  x.set_requires_grad();
  weight.set_requires_grad();
  const Tensor y = conv2d(forward(x), weight, {}, {.padding = 1});
  const struct Pinned {
    explicit Pinned(std::string_view name) { force_implementation("conv2d_grad_input", name); }
    ~Pinned() { force_implementation("conv2d_grad_input", ""); }
  } pinned(grad_input);
  y.backward(integer_tensor(y.shape(), 3));
  return {x.grad(), weight.grad()};
}

const Function kRelu = [](const Tensor& x) { return relu(x); };
Tensor same_size_pool(const Tensor& x) { return max_pool2d(x, 3, 1, 1); }
Tensor half_dropped(Tensor x) {
  Generator generator(5);
  return dropout(std::move(x), 0.5f, generator);
}

TEST(Gradients, AreNotComputedWhereTheReluIgnoresThem) {
  struct Net {
    std::string_view what;
    Function forward;
  };
  const Tensor identity = Tensor::from(
      std::vector<float>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, {4, 1, 1, 4});
  const Net nets[] = {
      {"relu", kRelu},
      {"conv2d_relu", [&](const Tensor& x) { return conv2d_relu(relu(x), identity, {}, {}).y; }},
      {"max_pool2d", [](const Tensor& x) { return same_size_pool(relu(x)); }},
      {"max_pool2d twice",
       [](const Tensor& x) { return max_pool2d(same_size_pool(relu(x)), 2, 2); }},
      {"dropout", [](const Tensor& x) { return half_dropped(relu(x)); }},
      {"dropout in place", [](const Tensor& x) { return half_dropped(same_size_pool(relu(x))); }},
      {"reshape",
       [](const Tensor& x) {
         return flatten(relu(x)).reshape({2, 4, 9, 4});
       }},
  };
  for (const Net& net : nets) {
    SCOPED_TRACE(std::string(net.what));
    const ConvGradients all = conv_gradients(net.forward, kReference);
    const ConvGradients wanted = conv_gradients(net.forward, "cpu.skip_unwanted");
    EXPECT_GT(all.x.nonzeros(), 20);
    expect_same_bits(wanted.x, all.x);
    expect_same_bits(wanted.weight, all.weight);
  }
}

TEST(Gradients, AreComputedWhereSomebodyUsesThem) {
  struct Net {
    std::string_view what;
    Function forward;
  };
  const Tensor gamma = Tensor::full({4}, 1), beta = Tensor::zeros({4});
  const Net nets[] = {
      {"leaf", [](const Tensor& x) { return x; }},
      {"max_pool2d", same_size_pool},
      {"dropout", half_dropped},
      {"reshape",
       [](const Tensor& x) {
         return x.reshape({2, 4, 9, 4});
       }},
      {"add", [](const Tensor& x) { return relu(x) + x; }},
      {"avg_pool2d", [](const Tensor& x) { return avg_pool2d(relu(x), 3, 1, 1); }},
      {"batch_norm",
       [&](const Tensor& x) {
         return batch_norm(relu(x), gamma, beta, beta.clone(), gamma.clone(), true);
       }},
  };
  const auto expect_nothing_told = [](const Function& forward) {
    EXPECT_NE(error_of([&] {
                conv_gradients(forward, "cpu.skip_unwanted");
              }).find("nothing tells which elements are wanted"),
              std::string::npos);
  };
  for (const Net& net : nets) {
    SCOPED_TRACE(std::string(net.what));
    const Function masked = [&](const Tensor& x) {
      const Tensor y = net.forward(x);
      y.attach(mask_of(y));  // it is not for want of a mask
      return y;
    };
    EXPECT_TRUE(conv_gradients(masked, kReference).x.defined());
    expect_nothing_told(masked);
  }
  const Function rewritten = [](const Tensor& x) {
    const Tensor y = relu(x);
    y.mutable_data<float>()[0] = 0;  // now its mask is void
    return y;
  };
  expect_nothing_told(rewritten);
  // The convolution saved the new y, the ReLU before it the old one.
  EXPECT_EQ(error_of([&] { conv_gradients(rewritten, kReference); }).substr(0, 18),
            "relu: its saved y ");
}

// A leaf made of a ReLU's output has a gradient at its zeros, too.
TEST(Gradients, OfALeafAreComplete) {
  Tensor x = relu(integer_tensor({1, 5, 5, 64}, 1)), weight = integer_tensor({64, 3, 3, 64}, 2);
  ASSERT_TRUE(x.zero_mask());
  x.set_requires_grad();
  const Tensor y = conv2d(x, weight);
  y.backward(integer_tensor(y.shape(), 3));
  const Tensor expected(x.shape());
  dispatch(ops::Conv2dGradInput{
      .grad_y = integer_tensor(y.shape(), 3), .weight = weight, .grad_x = expected});
  expect_same_bits(x.grad(), expected);
}

TEST(Gradients, OfAReluThatSeveralUseAddUp) {
  const Function uses[] = {
      [](const Tensor& x) {
        const Tensor y = relu(x);
        return y + conv2d(y, integer_tensor({4, 3, 3, 4}, 7), {}, {.padding = 1});
      },
      [](const Tensor& x) {
        const Tensor y = relu(x);
        return relu(conv2d(y, integer_tensor({4, 1, 1, 4}, 7)) +
                    conv2d(y, integer_tensor({4, 3, 3, 4}, 8), {}, {.padding = 1}));
      },
  };
  for (const Function& forward : uses) {
    const auto gradient = [&](std::string_view name) {
      return conv_gradients([&](const Tensor& x) { return relu(forward(x)); }, name).x;
    };
    const Tensor expected = gradient(kReference);
    EXPECT_GT(expected.nonzeros(), 20);
    expect_same_bits(gradient("cpu.skip_unwanted"), expected);
  }
}

// The penalty's derivative is 0 where the activation is, whether the ReLU or a pass of its own has
// summed it.
TEST(Gradients, OfTheL0PenaltyAreNotLost) {
  for (const float sigma : {0.0f, 0.25f}) {
    const auto gradients = [&](std::string_view name) {
      Tensor x = integer_tensor({2, 6, 6, 4}, 1);
      x.set_requires_grad();
      const ReluOutput out = relu_with_l0(x, sigma);
      const Tensor y = conv2d(out.y, integer_tensor({3, 3, 3, 4}, 2));
      force_implementation("conv2d_grad_input", name);
      (cross_entropy(flatten(y), Tensor::zeros({2}, DType::i32)) +
       l0_penalty(std::vector<Tap>{{.value = out.y, .l0 = sigma, .l0_sum = out.l0_sum}},
                  {.sigma = 0.25f}))
          .backward();
      force_implementation("conv2d_grad_input", "");
      return x.grad();
    };
    const Tensor expected = gradients(kReference), actual = gradients("cpu.skip_unwanted");
    for (std::int64_t i = 0; i < expected.numel(); ++i) {
      // 27 products and as many sums of whole numbers up to 3 with probabilities.
      ASSERT_NEAR(actual.data<float>()[i], expected.data<float>()[i], 2 * gamma(54) * 27 * 3);
    }
    EXPECT_GT(expected.nonzeros(), 20);
  }
}

TEST(Gradients, ObserversSeeWhatWasComputed) {
  const auto seen = [](std::string_view name) {
    std::int64_t nonzeros = 0;
    const auto subscription = backward_observers().add([&](const BackwardEvent& event) {
      if (event.op == "conv2d") nonzeros = event.grad_inputs[0].nonzeros();
    });
    const ConvGradients gradients = conv_gradients(kRelu, name);
    return std::pair(nonzeros, gradients.x.nonzeros());
  };
  const auto [all, all_of_x] = seen(kReference);
  const auto [wanted, wanted_of_x] = seen("cpu.skip_unwanted");
  EXPECT_EQ(all_of_x, wanted_of_x);
  EXPECT_EQ(wanted, wanted_of_x);
  EXPECT_GT(all, wanted);
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
            "batch_norm: a variance needs at least 2 values per channel, x is [0,28,28,4]");
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
  const auto fused = [](auto& in) { return in[3] = conv2d_relu(in[0], in[1], in[2], {}).y; };
  const auto dense = [](auto& in) { return linear(in[0], in[1]); };
  const auto norm = [&](auto& in) { return batch_norm(in[0], in[1], in[2], mean, var, true, {}); };
  const auto loss = [](auto& in) { return cross_entropy(in[0], in[1]); };
  const Case cases[] = {
      {"conv2d: its saved x ", conv, {kX, w, b}, 0},
      {"conv2d: its saved weight ", conv, {kX, w, b}, 1},
      {"conv2d_relu: its saved weight ", fused, {kX, w, b, b}, 1},
      {"conv2d_relu: its saved y ", fused, {kX, w, b, b}, 3},
      {"relu: its saved y ", [](auto& in) { return in[1] = relu(in[0]); }, {kX, b}, 1},
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
