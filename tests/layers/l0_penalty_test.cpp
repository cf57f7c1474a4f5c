// SPDX-License-Identifier: MIT
#include "joule/layers/l0_penalty.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/ops.h"
#include "joule/layers/functions.h"
#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

const Tensor kImages = random_tensor({2, 5, 4, 4}, 1);

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
          {kImages, random_tensor({2, 3}, 2)}, 4);
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
        {kImages, random_tensor({2, 3}, 2)}, 4);
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

}  // namespace
}  // namespace joule
