// SPDX-License-Identifier: MIT
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"

#include <limits>

#include "joule/tests/support/op_test.h"

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

ops::SoftmaxCrossEntropy make_loss(const Tensor& logits, const Tensor& labels,
                                   float smoothing = 0) {
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
    const ops::SoftmaxCrossEntropy op{.logits = logits,
                                      .labels = labels,
                                      .loss = Tensor(Shape{}, DType::f32, Device::cuda),
                                      .probabilities = Tensor({2, 3}, DType::f32, Device::cuda)};
    dispatch(op);
    EXPECT_TRUE(std::isnan(op.loss.item()));
    const ops::SoftmaxCrossEntropyGrad grad{
        .probabilities = op.probabilities,
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
    const ops::SoftmaxCrossEntropyGrad op{.probabilities = forward.probabilities,
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
    const ops::SoftmaxCrossEntropyGrad op{.probabilities = forward.probabilities,
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

constexpr std::int32_t kIgnored = 255;

/// Options away from their defaults.
struct Options {
  bool weighted;
  std::int64_t ignore_index;
  LossReduction reduction;
  float smoothing;
};
constexpr auto kMean = LossReduction::mean, kSum = LossReduction::sum;
constexpr Options kOptions[] = {
    {false, kIgnoreNoLabel, kSum, 0},    {true, kIgnoreNoLabel, kMean, 0},
    {true, kIgnoreNoLabel, kMean, 0.2f}, {false, kIgnored, kMean, 0},
    {false, kIgnored, kMean, 0.2f},      {true, kIgnored, kMean, 0.2f},
    {true, kIgnored, kSum, 0.2f},        {false, kIgnored, kSum, 0},
};

/// Every third label is ignored.
Tensor some_ignored(const Tensor& labels) {
  const Tensor some = labels.clone();
  for (std::int64_t n = 1; n < some.numel(); n += 3) {
    some.mutable_data<std::int32_t>()[n] = kIgnored;
  }
  return some;
}

ops::SoftmaxCrossEntropy make_loss(const Tensor& logits, std::int64_t k, const Options& o) {
  ops::SoftmaxCrossEntropy op = make_loss(logits, make_labels(logits.dim(0), k), o.smoothing);
  if (o.ignore_index == kIgnored) op.labels = some_ignored(op.labels);
  if (o.weighted) {
    op.weights = random_tensor({k}, 9).to(logits.dtype());
    for (std::int64_t c = 0; c < k; ++c) {
      if (logits.dtype() == DType::f32) {
        op.weights.mutable_data<float>()[c] += 1.25f;
      } else {
        op.weights.mutable_data<double>()[c] += 1.25;
      }
    }
  }
  op.ignore_index = o.ignore_index;
  op.reduction = o.reduction;
  if (ops::SoftmaxCrossEntropy::divided(op.weights, o.ignore_index, o.reduction)) {
    op.divisor = Tensor(Shape{}, DType::f64);
  }
  return op;
}

ops::SoftmaxCrossEntropyGrad gradient_of(const ops::SoftmaxCrossEntropy& op,
                                         const Tensor& grad_logits, float grad_loss) {
  return {.probabilities = op.probabilities,
          .labels = op.labels,
          .grad_loss = Tensor::full(Shape{}, grad_loss).to(op.dtype()),
          .grad_logits = grad_logits,
          .label_smoothing = op.label_smoothing,
          .weights = op.weights,
          .ignore_index = op.ignore_index,
          .reduction = op.reduction,
          .divisor = op.divisor};
}

/// The documentation of torch.nn.CrossEntropyLoss, literally and in double, and its derivative by
/// the logits times grad_loss; of rows that count, (1 - s) w_y log p_y and s / K sum_k w_k log p_k.
double torch_loss(const ops::SoftmaxCrossEntropy& op, double grad_loss,
                  std::vector<double>& grads) {
  const std::int64_t n = op.logits.dim(0), k = op.logits.dim(1);
  const Tensor x = op.logits.to(DType::f64);
  const Tensor w = op.weights ? op.weights.to(DType::f64) : Tensor::full({k}, 1).to(DType::f64);
  const double s = op.label_smoothing, uniform = s / static_cast<double>(k);
  double loss = 0, divisor = 0;
  grads.assign(static_cast<std::size_t>(n * k), 0);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t label = op.labels.data<std::int32_t>()[i];
    if (label == op.ignore_index) continue;
    const double* const row = x.data<double>() + i * k;
    double sum = 0;
    for (std::int64_t j = 0; j < k; ++j) sum += std::exp(row[j]);
    for (std::int64_t c = 0; c < k; ++c) {
      const double q = ((c == label ? 1 - s : 0) + uniform) * w.data<double>()[c];
      loss -= q * std::log(std::exp(row[c]) / sum);
      for (std::int64_t j = 0; j < k; ++j) {
        grads[static_cast<std::size_t>(i * k + j)] += q * (std::exp(row[j]) / sum - (c == j));
      }
    }
    divisor += w.data<double>()[label];
  }
  if (op.reduction == LossReduction::sum) divisor = 1;
  for (double& grad : grads) grad *= grad_loss / divisor;
  return loss / divisor;
}

TEST(SoftmaxCrossEntropy, WeightsIgnoredLabelsAndSumsAreThoseOfPyTorch) {
  for (const Options& o : kOptions) {
    for (const auto& [n, k] : {std::pair{2, 3}, {7, 5}, {40, 70}}) {
      SCOPED_TRACE(str(n, "x", k, " weighted ", o.weighted, " ignored ", o.ignore_index,
                       " smoothing ", o.smoothing));
      const ops::SoftmaxCrossEntropy op = make_loss(random_tensor({n, k}, 1), k, o);
      const Guarded grad({n, k});
      const ops::SoftmaxCrossEntropyGrad backward = gradient_of(op, grad.tensor(), 0.5f);
      std::vector<double> grads;
      const double loss = torch_loss(op, 0.5, grads);
      for_each_implementation(op, [&, n = n, k = k](std::string_view name) {
        run(op, name);
        EXPECT_NEAR(op.loss.item(), loss, gamma(2) * std::max(1.0, loss));
        run(backward, name);
        // The probabilities were rounded to f32, the result is.
        const double size = o.reduction == kSum ? 3 : 3.0 / (0.25 * n);
        for (std::int64_t i = 0; i < n * k; ++i) {
          ASSERT_NEAR(grad.tensor().data<float>()[i], grads[static_cast<std::size_t>(i)],
                      gamma(4) * size);
        }
        EXPECT_TRUE(grad.intact());
      });
    }
  }
}

// Two rows of probabilities 1/2, 1/2 and 1/4, 3/4; of weights 1, 3 and labels 0, 1:
// (log 2 + 3 log 4/3) / (1 + 3).
TEST(SoftmaxCrossEntropy, AWeightedMeanByHand) {
  const Tensor logits = Tensor::from(std::vector<float>{0, 0, 0, std::log(3.0f)}, {2, 2});
  auto op = make_loss(logits, Tensor::from(std::vector<std::int32_t>{0, 1}, {2}));
  op.weights = Tensor::from(std::vector<float>{1, 3}, {2});
  op.divisor = Tensor(Shape{}, DType::f64);
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    EXPECT_NEAR(op.loss.item(), (std::log(2.0) + 3 * std::log(4.0 / 3)) / 4, 1e-7);
    EXPECT_EQ(op.divisor.data<double>()[0], 4);
  });
}

TEST(SoftmaxCrossEntropy, AMeanOverIgnoredRowsAloneIsNanWithoutAGradient) {
  auto op = make_loss(random_tensor({2, 3}, 1),
                      Tensor::from(std::vector<std::int32_t>{kIgnored, kIgnored}, {2}));
  op.ignore_index = kIgnored;
  op.divisor = Tensor(Shape{}, DType::f64);
  const ops::SoftmaxCrossEntropyGrad grad = gradient_of(op, Tensor({2, 3}), 1);
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    EXPECT_TRUE(std::isnan(op.loss.item()));
    grad.grad_logits.fill(7);
    run(grad, name);
    EXPECT_EQ(grad.grad_logits.nonzeros(), 0);
  });
}

TEST(SoftmaxCrossEntropyGrad, OfEveryOptionIsTheDerivativeOfTheLoss) {
  for (const Options& o : kOptions) {
    const Tensor logits = random_tensor({4, 5}, 2).to(DType::f64);
    const ops::SoftmaxCrossEntropy op = make_loss(logits, 5, o);
    dispatch(op);
    const ops::SoftmaxCrossEntropyGrad grad = gradient_of(op, Tensor({4, 5}, DType::f64), 3);
    dispatch(grad);
    for (std::int64_t i = 0; i < 20; ++i) {
      const auto loss_at = [&](double offset) {
        const double at = logits.data<double>()[i];
        logits.mutable_data<double>()[i] = at + offset;
        dispatch(op);
        logits.mutable_data<double>()[i] = at;
        return op.loss.data<double>()[0];
      };
      const double numeric = 3 * (loss_at(1e-6) - loss_at(-1e-6)) / 2e-6;
      ASSERT_NEAR(grad.grad_logits.data<double>()[i], numeric, 1e-8);
    }
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

  const ops::SoftmaxCrossEntropyGrad grad{.probabilities = apart.probabilities,
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
  std::vector<ops::SoftmaxCrossEntropy> ops;
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
  const auto error_with = [&](auto&& change) {
    ops::SoftmaxCrossEntropy op = make_loss(Tensor({1, 2}), labels({0}));
    change(op);
    return error_of([&] { dispatch(op); });
  };
  EXPECT_EQ(error_with([&](ops::SoftmaxCrossEntropy& op) {
              op.labels = labels({kIgnored});
              op.ignore_index = -100;
              op.divisor = Tensor(Shape{}, DType::f64);
            }),
            "softmax_cross_entropy: label 0 is 255, expected 0 to 1");
  EXPECT_EQ(error_with([&](ops::SoftmaxCrossEntropy& op) { op.ignore_index = 0; }),
            "softmax_cross_entropy: the divisor is not given");
  EXPECT_EQ(
      error_with([&](ops::SoftmaxCrossEntropy& op) { op.divisor = Tensor(Shape{}, DType::f64); }),
      "softmax_cross_entropy: the divisor is given, and not needed");
  EXPECT_EQ(error_with([&](ops::SoftmaxCrossEntropy& op) { op.weights = Tensor({3}); }),
            "softmax_cross_entropy: weights is f32 [3] on cpu, expected f32 [2] on cpu");
  EXPECT_EQ(error_with([&](ops::SoftmaxCrossEntropy& op) {
              op.weights = Tensor::from(std::vector<float>{1, -2}, {2});
            }),
            "softmax_cross_entropy: weight 1 is -2, expected finite ones that are not negative");
  EXPECT_EQ(error(Tensor({1, 2}), labels({0}), 1.5f),
            "softmax_cross_entropy: label_smoothing must be in [0, 1], got 1.5");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::SoftmaxCrossEntropyGrad{.probabilities = Tensor({1, 2}),
                                                    .labels = labels({2}),
                                                    .grad_loss = Tensor(Shape{}),
                                                    .grad_logits = Tensor({1, 2})});
            }),
            "softmax_cross_entropy_grad: label 0 is 2, expected 0 to 1");
}

}  // namespace
}  // namespace joule
