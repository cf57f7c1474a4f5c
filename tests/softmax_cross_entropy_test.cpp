// SPDX-License-Identifier: MIT
#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"

#include <limits>

#include "tests/op_test.h"

namespace joule {
namespace {

using namespace test;

struct Case {
  std::int64_t n, k;
  float smoothing;
};
constexpr Case kCases[] = {{1, 1, 0},    {1, 2, 0}, {3, 10, 0},
                           {5, 7, 0.1f}, {4, 5, 1}, {64, 1000, 0.2f}};

Tensor make_labels(std::int64_t n, std::int64_t k) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i * 7 % k));
  return Tensor::from(labels, {n});
}

SoftmaxCrossEntropy make_loss(const Tensor& logits, const Tensor& labels, float smoothing = 0) {
  return {.logits = logits,
          .labels = labels,
          .loss = Tensor(Shape{}, logits.dtype()),
          .probabilities = Tensor(logits.shape(), logits.dtype()),
          .label_smoothing = smoothing};
}

/// The definition, literally: no shift by the maximum.
double naive_loss(const Tensor& logits, const Tensor& labels, double smoothing) {
  const std::int64_t n = logits.dim(0), k = logits.dim(1);
  const Tensor x = logits.to(DType::f64);
  double loss = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double* const row = x.data<double>() + i * k;
    double sum = 0;
    for (std::int64_t j = 0; j < k; ++j) sum += std::exp(row[j]);
    for (std::int64_t j = 0; j < k; ++j) {
      const double q = smoothing / static_cast<double>(k) +
                       (j == labels.data<std::int32_t>()[i] ? 1 - smoothing : 0);
      loss -= q * std::log(std::exp(row[j]) / sum) / static_cast<double>(n);
    }
  }
  return loss;
}

TEST(SoftmaxCrossEntropy, EveryImplementationGivesTheDefinition) {
  for (const Case& c : kCases) {
    const std::int64_t n = c.n, k = c.k;
    const float smoothing = c.smoothing;
    const Tensor logits = random_tensor({n, k}, 1);
    const Tensor labels = make_labels(n, k);
    const auto op = make_loss(logits, labels, smoothing);
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      const double expected = naive_loss(logits, labels, smoothing);
      EXPECT_NEAR(op.loss.item(), expected, gamma(2) * std::max(1.0, expected));
      for (std::int64_t i = 0; i < n; ++i) {
        double sum = 0, exp_sum = 0;
        const float* const row = logits.data<float>() + i * k;
        for (std::int64_t j = 0; j < k; ++j) exp_sum += std::exp(double{row[j]});
        for (std::int64_t j = 0; j < k; ++j) {
          const double p = op.probabilities.data<float>()[i * k + j];
          ASSERT_NEAR(p, std::exp(double{row[j]}) / exp_sum, gamma(3) * p);
          sum += p;
        }
        EXPECT_NEAR(sum, 1.0, gamma(3));
      }
    });
  }
}

TEST(SoftmaxCrossEntropy, LargeLogitsDoNotOverflow) {
  const Tensor logits = Tensor::from(std::vector<float>{3e38f, -3e38f, 1000, 999}, {2, 2});
  const auto op = make_loss(logits, Tensor::from(std::vector<std::int32_t>{0, 1}, {2}));
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    EXPECT_NEAR(op.loss.item(), (0 + std::log1p(std::exp(1.0))) / 2, 1e-7);
    EXPECT_EQ(op.probabilities.data<float>()[0], 1.0f);
    EXPECT_EQ(op.probabilities.data<float>()[1], 0.0f);
  });
}

TEST(SoftmaxCrossEntropy, NanShowsAndARuledOutClassDoesNot) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor labels = Tensor::from(std::vector<std::int32_t>{0}, {1});
  for_each_implementation(make_loss(Tensor({1, 3}), labels), [&](std::string_view name) {
    const auto loss_of = [&](std::vector<float> logits) {
      const auto op = make_loss(Tensor::from(logits, {1, 3}), labels);
      run(op, name);
      return op.loss.item();
    };
    EXPECT_TRUE(std::isnan(loss_of({nan, 0, 0})));
    EXPECT_TRUE(std::isnan(loss_of({0, 0, nan})));
    EXPECT_TRUE(std::isnan(loss_of({0, inf, 0})));
    EXPECT_NEAR(loss_of({0, -inf, 0}), std::log(2.0), 1e-7);
  });
}

TEST(SoftmaxCrossEntropy, OnTheDeviceALabelOutsideTheClassesIsNan) {
  if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  for (const std::int32_t bad : {-1, 3}) {
    const Tensor labels = Tensor::from(std::vector<std::int32_t>{2, bad}, {2}).to(Device::cuda);
    const Tensor logits = random_tensor({2, 3}, 6).to(Device::cuda);
    const SoftmaxCrossEntropy op{.logits = logits,
                                 .labels = labels,
                                 .loss = Tensor(Shape{}, DType::f32, Device::cuda),
                                 .probabilities = Tensor({2, 3}, DType::f32, Device::cuda)};
    dispatch(op);
    EXPECT_TRUE(std::isnan(op.loss.item()));
    const SoftmaxCrossEntropyGrad grad{.probabilities = op.probabilities,
                                       .labels = labels,
                                       .grad_loss = Tensor::full(Shape{}, 1, Device::cuda),
                                       .grad_logits = Tensor({2, 3}, DType::f32, Device::cuda)};
    dispatch(grad);
    const Tensor grads = grad.grad_logits.to(Device::cpu);
    for (std::int64_t i = 0; i < 6; ++i) EXPECT_EQ(std::isnan(grads.data<float>()[i]), i >= 3);
  }
}

TEST(SoftmaxCrossEntropyGrad, IsTheDerivativeOfTheLoss) {
  for (const Case& c : kCases) {
    const std::int64_t n = c.n, k = c.k;
    const float smoothing = c.smoothing;
    if (n * k > 100) continue;
    const Tensor logits = random_tensor({n, k}, 2).to(DType::f64);
    const Tensor labels = make_labels(n, k);
    const auto forward = make_loss(logits, labels, smoothing);
    dispatch(forward);
    const SoftmaxCrossEntropyGrad op{.probabilities = forward.probabilities,
                                     .labels = labels,
                                     .grad_loss = Tensor::full(Shape{}, 3.0f).to(DType::f64),
                                     .grad_logits = Tensor(logits.shape(), DType::f64),
                                     .label_smoothing = smoothing};
    dispatch(op);
    for (std::int64_t i = 0; i < n * k; ++i) {
      const double step = 1e-6;
      const auto loss_at = [&](double offset) {
        const Tensor moved = logits.clone();
        moved.mutable_data<double>()[i] += offset;
        return naive_loss(moved, labels, smoothing);
      };
      const double numeric = 3 * (loss_at(step) - loss_at(-step)) / (2 * step);
      ASSERT_NEAR(op.grad_logits.data<double>()[i], numeric, 1e-8);
    }
  }
}

TEST(SoftmaxCrossEntropyGrad, EveryImplementationGivesTheDefinition) {
  for (const Case& c : kCases) {
    const std::int64_t n = c.n, k = c.k;
    const float smoothing = c.smoothing;
    const Tensor labels = make_labels(n, k);
    const auto forward = make_loss(random_tensor({n, k}, 3), labels, smoothing);
    dispatch(forward);
    const Guarded grad({n, k});
    const SoftmaxCrossEntropyGrad op{.probabilities = forward.probabilities,
                                     .labels = labels,
                                     .grad_loss = Tensor::full(Shape{}, 0.5f),
                                     .grad_logits = grad.tensor(),
                                     .label_smoothing = smoothing};
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      for (std::int64_t i = 0; i < n * k; ++i) {
        const double q = double{smoothing} / static_cast<double>(k) +
                         (i % k == labels.data<std::int32_t>()[i / k] ? 1.0 - smoothing : 0.0);
        const double expected =
            0.5 / static_cast<double>(n) * (double{forward.probabilities.data<float>()[i]} - q);
        ASSERT_NEAR(grad.tensor().data<float>()[i], expected, gamma(1) * std::abs(expected));
      }
      EXPECT_TRUE(grad.intact());
    });
  }
}

TEST(SoftmaxCrossEntropy, BothDirectionsMayOverwriteTheirInput) {
  const Tensor logits = random_tensor({6, 10}, 4), labels = make_labels(6, 10);
  const auto apart = make_loss(logits, labels, 0.1f);
  for_each_implementation(apart, [&](std::string_view name) {
    run(apart, name);
    auto in_place = make_loss(logits.clone(), labels, 0.1f);
    in_place.probabilities = in_place.logits;
    run(in_place, name);
    EXPECT_EQ(in_place.loss.item(), apart.loss.item());
    expect_same_bits(in_place.probabilities, apart.probabilities);
  });

  const SoftmaxCrossEntropyGrad grad{.probabilities = apart.probabilities,
                                     .labels = labels,
                                     .grad_loss = Tensor::full(Shape{}, 1.0f),
                                     .grad_logits = Tensor({6, 10})};
  for_each_implementation(grad, [&](std::string_view name) {
    run(grad, name);
    auto in_place = grad;
    in_place.probabilities = in_place.grad_logits = apart.probabilities.clone();
    run(in_place, name);
    expect_same_bits(in_place.grad_logits, grad.grad_logits);
  });
}

TEST(SoftmaxCrossEntropy, SameBitsForAnyNumberOfThreads) {
  const Tensor logits = random_tensor({300, 100}, 5), labels = make_labels(300, 100);
  std::vector<SoftmaxCrossEntropy> ops;
  for_each_thread_count([&] {
    ops.push_back(make_loss(logits, labels, 0.1f));
    dispatch(ops.back());
  });
  EXPECT_EQ(ops[0].loss.item(), ops[1].loss.item());
  expect_same_bits(ops[1].probabilities, ops[0].probabilities);
}

TEST(SoftmaxCrossEntropy, ErrorsNameTheLabelTheShapeAndTheRange) {
  const auto error = [](const Tensor& logits, const Tensor& labels, float smoothing = 0) {
    return error_of([&] { dispatch(make_loss(logits, labels, smoothing)); });
  };
  const auto labels = [](std::vector<std::int32_t> values) {
    return Tensor::from(values, {static_cast<std::int64_t>(values.size())});
  };
  EXPECT_EQ(error(Tensor({3, 10}), labels({0, 9, 10})),
            "softmax_cross_entropy: label 2 is 10, expected 0 to 9");
  EXPECT_EQ(error(Tensor({3, 10}), labels({0, -1, 10})),
            "softmax_cross_entropy: label 1 is -1, expected 0 to 9");
  EXPECT_EQ(error(Tensor({3, 10}), labels({0, 1})),
            "softmax_cross_entropy: labels must be i32 [3] on cpu, got i32 [2] on cpu");
  EXPECT_EQ(error(Tensor({3, 10}), Tensor({3})),
            "softmax_cross_entropy: labels must be i32 [3] on cpu, got f32 [3] on cpu");
  EXPECT_EQ(error(Tensor(Shape{0, 10}), labels({})),
            "softmax_cross_entropy: logits must be [N,K] with N and K at least 1, got [0,10]");
  EXPECT_EQ(error(Tensor({1, 2}), labels({0}), 1.5f),
            "softmax_cross_entropy: label_smoothing must be in [0, 1], got 1.5");
  EXPECT_EQ(error_of([&] {
              dispatch(SoftmaxCrossEntropyGrad{.probabilities = Tensor({1, 2}),
                                               .labels = labels({2}),
                                               .grad_loss = Tensor(Shape{}),
                                               .grad_logits = Tensor({1, 2})});
            }),
            "softmax_cross_entropy_grad: label 0 is 2, expected 0 to 1");
}

}  // namespace
}  // namespace joule
