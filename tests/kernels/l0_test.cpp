// SPDX-License-Identifier: MIT
#include "joule/kernels/l0/l0.h"

#include "joule/kernels/relu/relu.h"
#include "joule/kernels/zero_mask_rows.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

const Shape kShapes[] = {Shape{}, {0}, {1}, {3, 5}, {2, 3, 3, 64}, {5000}, {70001}};
constexpr float kSigma = 1e-2f;

double smooth_l0(double x, double sigma) { return x * x / (x * x + sigma); }

TEST(L0Sum, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const ops::L0Sum op{
          .x = random_tensor(shape, 1, 0.7), .sum = Tensor(Shape{}), .sigma = kSigma};
      double expected = 0;
      for (const float x : op.x.values<float>()) expected += smooth_l0(x, kSigma);
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        // Three roundings a term, at most 1024 of the sum in float, one of the result.
        EXPECT_NEAR(op.sum.item(), expected, gamma(1024 + 5) * expected);
      });
    }
  });
}

/// Values of which the square, the denominator or its square is no float.
const std::vector<float> kExtremes{2e19f, -3e38f, 5e9f, -1e12f, 1e-15f, 1e-30f, 0, 1};

TEST(L0Sum, OfLargeValuesIsTheirNumber) {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> values(70, 2e19f);  // whole vectors and a rest
  values[3] = -3e38f, values[5] = inf, values[69] = -inf;
  for_each_target([&] {
    const ops::L0Sum op{.x = Tensor::from(values, {70}), .sum = Tensor(Shape{}), .sigma = 1e-4f};
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      EXPECT_EQ(op.sum.item(), 70);
    });
    const ops::Relu relu{.x = Tensor::from(values, {70}),
                         .y = Tensor({70}),
                         .sigma = 1e-4f,
                         .l0_sum = Tensor(Shape{})};
    for_each_implementation(relu, [&](std::string_view name) {
      run(relu, name);
      EXPECT_EQ(relu.l0_sum.item(), 68) << "the negative ones are 0";
    });
    values[7] = NAN;
    const ops::L0Sum undefined{
        .x = Tensor::from(values, {70}), .sum = Tensor(Shape{}), .sigma = 1e-4f};
    for_each_implementation(undefined, [&](std::string_view name) {
      run(undefined, name);
      EXPECT_TRUE(std::isnan(undefined.sum.item()));
    });
    values[7] = 2e19f;
  });
}

TEST(L0SumGrad, OverTheWholeRangeOfFloat) {
  std::vector<float> values;
  for (int k = 0; k < 9; ++k) values.insert(values.end(), kExtremes.begin(), kExtremes.end());
  values.push_back(std::numeric_limits<float>::infinity());
  values.push_back(NAN);
  const auto n = std::ssize(values);
  const Tensor x = Tensor::from(values, {n}), grad_y = Tensor::zeros({n}),
               grad_l0 = Tensor::full(Shape{}, 1);
  for_each_target([&] {
    for (const float sigma : {1e-4f, 1e-30f, 2e-38f}) {
      const auto expect_derivative = [&](const Tensor& grad) {
        for (std::int64_t i = 0; i < n - 2; ++i) {
          const double v = values[static_cast<std::size_t>(i)], s = sigma;
          const double exact = 2 * (v / (v * v + s)) * (s / (v * v + s));
          // A square or a result that is a denormal counts as zero.
          ASSERT_NEAR(grad.values<float>()[static_cast<std::size_t>(i)], exact,
                      gamma(8) * std::abs(exact) + 1.2e-38)
              << v << " with sigma " << sigma;
        }
        EXPECT_EQ(grad.values<float>()[static_cast<std::size_t>(n - 2)], 0);
        EXPECT_TRUE(std::isnan(grad.values<float>()[static_cast<std::size_t>(n - 1)]));
      };
      const ops::L0SumGrad op{.x = x, .grad_sum = grad_l0, .grad_x = Tensor({n}), .sigma = sigma};
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        expect_derivative(op.grad_x);
      });
      const Tensor y = x.clone();
      y.attach(mask_of(y));
      const ops::ReluGrad relu{
          .y = y, .grad_y = grad_y, .grad_x = Tensor({n}), .sigma = sigma, .grad_l0 = grad_l0};
      for_each_implementation(relu, [&](std::string_view name) {
        run(relu, name);
        expect_derivative(relu.grad_x);
      });
    }
  });
}

// Both operations, beyond the cutoff and up to it, and in the last vector that is not full.
TEST(L0SumGrad, ReachesAsFarAsTheCutoff) {
  constexpr float kCutoff = 3;
  const float end = kCutoff * std::sqrt(kSigma);
  const Tensor x = random_tensor({7, 70}, 12), grad_sum = Tensor::full(Shape{}, 0.5f);
  float* const values = x.mutable_data<float>();
  values[0] = end, values[1] = std::nextafter(end, 1.0f), values[2] = -2 * end, values[3] = NAN;
  const Tensor y = x.clone();
  dispatch(ops::Relu{.x = y, .y = y});
  const Tensor grad_y = random_tensor(x.shape(), 13, 0.5);
  for_each_target([&] {
    const auto expect_cut = [&](const auto& whole, const auto& cut, const Tensor& operand,
                                const Tensor& rest) {
      for_each_implementation(whole, [&](std::string_view name) {
        run(whole, name);
        run(cut, name);
        std::int64_t beyond = 0;
        for (std::int64_t i = 0; i < x.numel(); ++i) {
          const float at = operand.template data<float>()[i];
          const bool out = std::abs(at) > end;
          beyond += out;
          const float expected = out ? (rest ? rest.template data<float>()[i] : 0)
                                     : whole.grad_x.template data<float>()[i];
          const float got = cut.grad_x.template data<float>()[i];
          ASSERT_TRUE(got == expected || (std::isnan(got) && std::isnan(expected)))
              << "of " << at << ": " << got << ", expected " << expected;
        }
        EXPECT_GT(beyond, 100);
        EXPECT_LT(beyond, 400);
      });
    };
    ops::L0SumGrad sum{.x = x, .grad_sum = grad_sum, .grad_x = Tensor(x.shape()), .sigma = kSigma};
    const ops::L0SumGrad whole_sum = sum;
    sum.cutoff = kCutoff;
    sum.grad_x = Tensor(x.shape());
    expect_cut(whole_sum, sum, x, Tensor());
    ops::ReluGrad relu{.y = y,
                       .grad_y = grad_y,
                       .grad_x = Tensor(x.shape()),
                       .sigma = kSigma,
                       .grad_l0 = grad_sum};
    const ops::ReluGrad whole_relu = relu;
    relu.cutoff = kCutoff;
    relu.grad_x = Tensor(x.shape());
    expect_cut(whole_relu, relu, y, grad_y);
  });
}

TEST(L0SumGrad, RefusesACutoffThatCutsItsPeakOff) {
  for (const float cutoff : {0.5f, -1.0f, std::numeric_limits<float>::infinity(), NAN}) {
    EXPECT_THROW(require_cutoff("l0_penalty", cutoff), ArgumentError) << cutoff;
  }
  EXPECT_NO_THROW(require_cutoff("l0_penalty", 0));
  EXPECT_NO_THROW(require_cutoff("l0_penalty", 1));
}

TEST(L0Sum, TendsToTheNumberOfNonzeros) {
  const Tensor x = integer_tensor({1000}, 2);
  const ops::L0Sum op{.x = x, .sum = Tensor(Shape{}), .sigma = 1e-12f};
  dispatch(op);
  EXPECT_EQ(op.sum.item(), static_cast<double>(x.nonzeros()));
}

TEST(L0Sum, AgreesWithTheSumOfRelu) {
  const Tensor x = random_tensor({64, 100}, 3), y(x.shape());
  const ops::Relu relu{.x = x, .y = y, .sigma = kSigma, .l0_sum = Tensor(Shape{})};
  dispatch(relu);
  const ops::L0Sum op{.x = y, .sum = Tensor(Shape{}), .sigma = kSigma};
  dispatch(op);
  EXPECT_NEAR(op.sum.item(), relu.l0_sum.item(), 1e-5 * op.sum.item());
}

TEST(L0Sum, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({100003}, 4);
  std::vector<double> sums;
  std::vector<Tensor> grads;
  for_each_thread_count([&] {
    const ops::L0Sum op{.x = x, .sum = Tensor(Shape{}), .sigma = kSigma};
    dispatch(op);
    sums.push_back(op.sum.item());
    grads.push_back(Tensor(x.shape()));
    dispatch(ops::L0SumGrad{.x = x, .grad_sum = op.sum, .grad_x = grads.back(), .sigma = kSigma});
  });
  EXPECT_EQ(sums[0], sums[1]);
  expect_same_bits(grads[1], grads[0]);
}

TEST(L0SumGrad, EveryImplementationGivesTheDerivative) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Guarded grad_x(shape);
      const ops::L0SumGrad op{.x = random_tensor(shape, 5, 0.7),
                              .grad_sum = Tensor::full(Shape{}, -0.25f),
                              .grad_x = grad_x.tensor(),
                              .sigma = kSigma};
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        for (std::int64_t i = 0; i < op.x.numel(); ++i) {
          const double x = op.x.data<float>()[i], step = 1e-5;
          const double numeric =
              -0.25 * (smooth_l0(x + step, kSigma) - smooth_l0(x - step, kSigma)) / (2 * step);
          // The difference errs by step^2/6 times the third derivative, which is below
          // 15 / sigma^1.5.
          ASSERT_NEAR(grad_x.tensor().data<float>()[i], numeric,
                      gamma(8) * std::abs(numeric) + step * step / 6 * 15 / 1e-3);
        }
        EXPECT_TRUE(grad_x.intact());
      });
    }
  });
}

TEST(L0SumGrad, MayOverwriteItsInput) {
  const Tensor x = random_tensor({100}, 6), one = Tensor::full(Shape{}, 1.0f);
  const ops::L0SumGrad apart{.x = x, .grad_sum = one, .grad_x = Tensor(x.shape()), .sigma = kSigma};
  for_each_implementation(apart, [&](std::string_view name) {
    run(apart, name);
    const Tensor over = x.clone();
    run(ops::L0SumGrad{.x = over, .grad_sum = one, .grad_x = over, .sigma = kSigma}, name);
    expect_same_bits(over, apart.grad_x);
  });
}

TEST(L0Penalty, IsTheWeightedSum) {
  const ops::L0Penalty op{.sums = {Tensor::full(Shape{}, 3), Tensor::full({1}, 5)},
                          .weights = {0.5f, -2},
                          .value = Tensor(Shape{})};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    EXPECT_EQ(op.value.item(), -8.5);
  });
  EXPECT_EQ(op.work(), (Work{.bytes_read = 8, .bytes_written = 4}));
}

TEST(L0Penalty, HasAnyNumberOfTerms) {
  ops::L0Penalty op{.sums = {}, .weights = {}, .value = Tensor(Shape{})};
  double expected = 0;
  for (int k = 0; k < 300; ++k) {
    op.sums.push_back(Tensor::full(Shape{}, static_cast<float>(k)));
    op.weights.push_back(static_cast<float>(k % 7 - 2));
    expected += k * (k % 7 - 2);
  }
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    EXPECT_EQ(op.value.item(), expected);
  });
}

TEST(L0, ErrorsSayWhatWasExpected) {
  const Tensor x({3}), scalar(Shape{});
  EXPECT_EQ(error_of([&] { dispatch(ops::L0Sum{.x = x, .sum = scalar, .sigma = 0}); }),
            "l0_sum: sigma must be from 1.17549e-38 to 1.1259e+15, got 0");
  for (const float sigma : {1e-40f, -1.0f, 1e20f, std::numeric_limits<float>::infinity(), NAN}) {
    const std::string error =
        error_of([&] { dispatch(ops::L0Sum{.x = x, .sum = scalar, .sigma = sigma}); });
    EXPECT_NE(error.find("sigma must be from"), std::string::npos) << sigma;
  }
  EXPECT_EQ(error_of([&] { dispatch(ops::L0Sum{.x = x, .sum = x, .sigma = 1}); }),
            "l0_sum: sum must be a scalar of f32 on cpu, got f32 [3] on cpu");
  EXPECT_EQ(
      error_of([&] {
        dispatch(ops::L0SumGrad{.x = x, .grad_sum = scalar, .grad_x = Tensor({4}), .sigma = 1});
      }),
      "l0_sum_grad: grad_x is f32 [4] on cpu, x is f32 [3] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(ops::L0Penalty{.sums = {}, .weights = {}, .value = scalar}); }),
            "l0_penalty: needs at least one sum");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::L0Penalty{.sums = {scalar}, .weights = {1, 2}, .value = scalar});
            }),
            "l0_penalty: 1 sums, but 2 weights");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::L0Penalty{.sums = {scalar, x}, .weights = {1, 2}, .value = scalar});
            }),
            "l0_penalty: sums[1] must be a scalar of f32 on cpu, got f32 [3] on cpu");
}

}  // namespace
}  // namespace joule
