// SPDX-License-Identifier: MIT
#include "joule/kernels/batch_norm/batch_norm.h"

#include <cmath>
#include <limits>
#include <vector>

#include "joule/kernels/batch_norm/batch_norm_reference.h"
#include "joule/tests/kernels/batch_norm/batch_norm_cases.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace batch_norm_cases;

/// The statistics of channel c in double.
struct Statistics {
  double mean = 0, mean_size = 0, squares = 0;  // mean_size: mean |x|

  Statistics(const Tensor& x, std::int64_t c) {
    const std::int64_t channels = x.dim(-1), rows = x.numel() / channels;
    for (std::int64_t i = c; i < x.numel(); i += channels) {
      mean += x.data<float>()[i] / static_cast<double>(rows);
      mean_size += std::abs(x.data<float>()[i]) / static_cast<double>(rows);
    }
    for (std::int64_t i = c; i < x.numel(); i += channels) {
      squares += std::pow(x.data<float>()[i] - mean, 2);
    }
  }
};

TEST(BatchNorm, ValuesMayHaveSquaresThatAreNoFloats) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Layer layer(shape);
      float* const x = layer.x.mutable_data<float>();
      for (std::int64_t i = 0; i < layer.x.numel(); ++i) x[i] *= 1e30f;
      const std::int64_t channels = shape[-1], rows = shape.numel() / channels;
      run(layer.training(), "cpu.simd");
      for (std::int64_t c = 0; c < channels; ++c) {
        const Statistics s(layer.x, c);
        const double deviation = std::sqrt(s.squares / static_cast<double>(rows));
        const double gamma = layer.gamma.data<float>()[c], beta = layer.beta.data<float>()[c];
        for (std::int64_t i = c; i < layer.x.numel(); i += channels) {
          const double expected = (x[i] - s.mean) / deviation * gamma + beta;
          ASSERT_NEAR(layer.y.tensor().data<float>()[i], expected,
                      test::gamma(8) * (std::abs(x[i]) + s.mean_size) / deviation + 1e-6);
        }
      }
    }
  });
}

// Bounds: a sum over M rows costs at most M roundings, whatever its order; the mean enters what
// follows with that error.
TEST(BatchNorm, NormalisesAndMovesTheRunningStatistics) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Layer layer(shape);
      const ops::BatchNorm op = layer.training();
      const std::int64_t channels = shape[-1], rows = shape.numel() / channels;
      for_each_implementation(op, [&](std::string_view name) {
        layer.restart();
        run(op, name);
        for (std::int64_t c = 0; c < channels; ++c) {
          const Statistics s(layer.x, c);
          const double count = static_cast<double>(rows);
          const double inv_std = 1 / std::sqrt(s.squares / count + op.epsilon);
          const double mean_bound = gamma(rows + 2) * s.mean_size;
          // Twice the mean's error at first order, then its square, and the sum's own roundings.
          const double squares_bound =
              gamma(rows + 4) * s.squares + count * mean_bound * mean_bound;
          const double relative = squares_bound / (s.squares + count * op.epsilon) + gamma(4);
          ASSERT_NEAR(op.mean.data<float>()[c], s.mean, mean_bound);
          ASSERT_NEAR(op.inv_std.data<float>()[c], inv_std, relative * inv_std);
          ASSERT_NEAR(op.running_mean.data<float>()[c], 0.25 + 0.1f * (s.mean - 0.25),
                      mean_bound + gamma(4));
          ASSERT_NEAR(op.running_var.data<float>()[c], 1.5 + 0.1f * (s.squares / (count - 1) - 1.5),
                      squares_bound / (count - 1) + gamma(8));
          const double scale = std::abs(layer.gamma.data<float>()[c]) * inv_std;
          for (std::int64_t i = c; i < layer.x.numel(); i += channels) {
            const double centred = layer.x.data<float>()[i] - s.mean;
            const double expected =
                centred * inv_std * layer.gamma.data<float>()[c] + layer.beta.data<float>()[c];
            const double bound = scale * (mean_bound + (relative + gamma(4)) * std::abs(centred)) +
                                 gamma(4) * std::abs(expected) +
                                 gamma(4) * std::abs(layer.beta.data<float>()[c]);
            ASSERT_NEAR(op.y.data<float>()[i], expected, bound) << "element " << i;
          }
        }
        EXPECT_TRUE(layer.intact());
      });
    }
  });
}

TEST(BatchNorm, TheVarianceOfAFarAwayClusterIsRight) {
  const Tensor x = random_tensor({5000, 20}, 1);
  for (float& v : std::span(x.mutable_data<float>(), x.numel())) v += 4096;
  const Tensor one = Tensor::full({20}, 1), mean({20}), inv_std({20});
  const ops::BatchNorm op{.x = x,
                          .gamma = one,
                          .beta = one,
                          .y = Tensor(x.shape()),
                          .mean = mean,
                          .mean_rest = Tensor({20}),
                          .inv_std = inv_std};
  const auto expect_right = [&] {
    for (std::int64_t c = 0; c < 20; ++c) {
      const Statistics s(x, c);
      const double expected = 1 / std::sqrt(s.squares / 5000 + op.epsilon);
      // E[x^2] - E[x]^2 in float would be wrong by about 4096^2 * 2^-24 = 1, the variance is 1/3.
      EXPECT_NEAR(inv_std.data<float>()[c], expected, 1e-5 * expected);
      EXPECT_NEAR(mean.data<float>()[c], s.mean, 4096 * 0x1p-24);
    }
  };
  for_each_target([&] {
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      expect_right();
    });
  });
}

/// What BatchNorm and BatchNormGrad are by their formulas, in double: of channel c.
struct ChannelInDouble {
  double centre = 0, inv_std = 0, sum = 0, product = 0;  // product: with the normalised x
  double sum_size = 0, product_size = 0;

  ChannelInDouble(const Layer& layer, std::int64_t c) {
    const Statistics s(layer.x, c);
    const std::int64_t channels = layer.x.dim(-1);
    centre = s.mean;
    inv_std = 1 / std::sqrt(s.squares / (layer.x.numel() / channels) + double{1e-5f});
    for (std::int64_t i = c; i < layer.x.numel(); i += channels) {
      const double g = layer.grad_y.data<float>()[i];
      const double product_of_row = g * (layer.x.data<float>()[i] - centre) * inv_std;
      sum += g, sum_size += std::abs(g);
      product += product_of_row, product_size += std::abs(product_of_row);
    }
  }
};

// Deviations of 1/256 about offsets up to 1e4, where f32 has steps of 1/1024: a mean that is
// rounded to f32 would be off by up to an eighth of them.
TEST(BatchNorm, AnOffsetCostsNoAccuracyForwardOrBackward) {
  const Layer layer({3000, 6});
  const float offsets[] = {0, 1e3f, -1e4f, 1e4f, 3e3f, 1e3f};
  for (std::int64_t i = 0; i < layer.x.numel(); ++i) {
    float& x = layer.x.mutable_data<float>()[i];
    x = offsets[i % 6] + (i % 6 == 5 ? 0 : x / 256);  // the last channel is constant
  }
  const ops::BatchNorm op = layer.training();
  const ops::BatchNormGrad grad = layer.grad();
  const auto expect_right = [&] {
    for (std::int64_t c = 0; c < 6; ++c) {
      const ChannelInDouble d(layer, c);
      const double gamma_c = op.gamma.data<float>()[c], count = 3000;
      // Deviations are summed in f32 by blocks of at most 256 rows.
      const double share = gamma(300);
      EXPECT_NEAR(op.inv_std.data<float>()[c], d.inv_std, share * d.inv_std);
      EXPECT_NEAR(grad.grad_gamma.data<float>()[c], d.product,
                  share * (d.product_size + d.sum_size * 1e-2));
      for (std::int64_t i = c; i < layer.x.numel(); i += 6) {
        const double normal = (layer.x.data<float>()[i] - d.centre) * d.inv_std;
        const double beta = op.beta.data<float>()[c], g = layer.grad_y.data<float>()[i];
        ASSERT_NEAR(op.y.data<float>()[i], normal * gamma_c + beta,
                    share * (std::abs(normal * gamma_c) + std::abs(beta) + std::abs(gamma_c)))
            << "channel " << c;
        const double expected =
            gamma_c * d.inv_std * (g - d.sum / count - normal * d.product / count);
        const double size =
            std::abs(gamma_c) * d.inv_std *
            (std::abs(g) + d.sum_size / count + (std::abs(normal) + 1) * d.product_size / count);
        ASSERT_NEAR(grad.grad_x.data<float>()[i], expected, share * size) << "channel " << c;
      }
    }
  };
  for_each_target([&] {
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      run(grad, name);
      expect_right();
    });
  });
}

TEST(BatchNorm, RunningStatisticsAreOptional) {
  const Layer layer({6, 3});
  ops::BatchNorm op = layer.training();
  op.running_mean = op.running_var = Tensor();
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    const Tensor y = op.y.clone();
    run(layer.training(), name);
    expect_same_bits(op.y, y);
  });
}

TEST(BatchNorm, MayOverwriteItsInput) {
  const Layer layer({50, 40});
  ops::BatchNorm training = layer.training();
  ops::BatchNormInference inference = layer.inference();
  ops::BatchNormGrad grad = layer.grad();
  ops::BatchNormInferenceGrad frozen = layer.inference_grad();
  for_each_implementation(training, [&](std::string_view name) {
    run(layer.training(), name);
    training.x = training.y = layer.x.clone();
    run(training, name);
    expect_same_bits(training.y, layer.y.tensor());
    run(layer.grad(), name);
    grad.grad_y = grad.grad_x = layer.grad_y.clone();
    run(grad, name);
    expect_same_bits(grad.grad_x, layer.grad_x.tensor());
    run(layer.inference(), name);
    inference.x = inference.y = layer.x.clone();
    run(inference, name);
    expect_same_bits(inference.y, layer.y.tensor());
    run(layer.inference_grad(), name);
    frozen.grad_y = frozen.grad_x = layer.grad_y.clone();
    run(frozen, name);
    expect_same_bits(frozen.grad_x, layer.grad_x.tensor());
  });
}

TEST(BatchNorm, SameBitsForAnyNumberOfThreads) {
  const Layer layer({900, 70});
  std::vector<std::vector<Tensor>> results;
  for_each_thread_count([&] {
    layer.restart();
    std::vector<Tensor> result;
    dispatch(layer.training());
    result.push_back(layer.y.tensor().clone());
    dispatch(layer.grad());
    for (const Guarded* g : {&layer.grad_x, &layer.grad_gamma, &layer.grad_beta}) {
      result.push_back(g->tensor().clone());
    }
    dispatch(layer.inference());
    dispatch(layer.inference_grad());
    for (const Guarded* g :
         {&layer.y, &layer.mean, &layer.mean_rest, &layer.inv_std, &layer.running_mean,
          &layer.running_var, &layer.grad_x, &layer.grad_gamma, &layer.grad_beta}) {
      result.push_back(g->tensor().clone());
    }
    results.push_back(result);
  });
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    expect_same_bits(results[1][i], results[0][i]);
  }
}

/// A real number that counts the multiplications done with it.
struct CountedReal {
  double value = 0;
  static inline std::int64_t multiplications = 0;

  CountedReal() = default;
  explicit CountedReal(double v) : value(v) {}
  friend CountedReal operator+(CountedReal x, CountedReal y) {
    return CountedReal(x.value + y.value);
  }
  friend CountedReal operator-(CountedReal x, CountedReal y) {
    return CountedReal(x.value - y.value);
  }
  friend CountedReal operator/(CountedReal x, CountedReal y) {
    return CountedReal(x.value / y.value);
  }
  friend CountedReal operator*(CountedReal x, CountedReal y) {
    ++multiplications;
    return CountedReal(x.value * y.value);
  }
  CountedReal& operator+=(CountedReal o) {
    value += o.value;
    return *this;
  }
  friend CountedReal sqrt(CountedReal x) { return CountedReal(std::sqrt(x.value)); }
};

TEST(BatchNorm, WorkIsWhatTheReferenceMultiplies) {
  const Layer layer({6, 5});
  std::vector<CountedReal> x(30), grad(30), y(30), a(5), b(5), c(5), d(5), e(5), f(5), g(5);
  const CountedReal half(0.5);
  const auto counted = [](auto&& body) {
    CountedReal::multiplications = 0;
    body();
    return CountedReal::multiplications;
  };
  const auto train = [&](CountedReal* running_mean, CountedReal* running_var) {
    return counted([&] {
      reference::batch_norm(6, 5, x.data(), a.data(), b.data(), half, half, y.data(), c.data(),
                            g.data(), d.data(), running_mean, running_var);
    });
  };
  ops::BatchNorm without = layer.training();
  without.running_mean = without.running_var = Tensor();
  EXPECT_EQ(layer.training().work().macs, train(e.data(), f.data()));
  EXPECT_EQ(without.work().macs, train(nullptr, nullptr));
  EXPECT_EQ(layer.inference().work().macs, counted([&] {
              reference::batch_norm_inference(6, 5, x.data(), a.data(), b.data(), c.data(),
                                              d.data(), half, y.data());
            }));
  EXPECT_EQ(layer.grad().work().macs, counted([&] {
              reference::batch_norm_grad(6, 5, x.data(), a.data(), c.data(), g.data(), d.data(),
                                         grad.data(), y.data(), e.data(), f.data());
            }));
  EXPECT_EQ(layer.inference_grad().work().macs, counted([&] {
              reference::batch_norm_inference_grad(6, 5, x.data(), a.data(), c.data(), d.data(),
                                                   half, grad.data(), y.data(), e.data(), f.data());
            }));
  EXPECT_EQ(layer.training().work().bytes_read, 4 * (30 + 4 * 5));
  EXPECT_EQ(layer.training().work().bytes_written, 4 * (30 + 5 * 5));
  EXPECT_EQ(layer.inference().work().bytes_read, 4 * (30 + 4 * 5));
  EXPECT_EQ(layer.inference().work().bytes_written, 4 * 30);
  EXPECT_EQ(layer.grad().work().bytes_read, 4 * (60 + 4 * 5));
  EXPECT_EQ(layer.grad().work().bytes_written, 4 * (30 + 2 * 5));
  EXPECT_EQ(layer.inference_grad().work().bytes_read, 4 * (60 + 3 * 5));
  EXPECT_EQ(layer.inference_grad().work().bytes_written, 4 * (30 + 2 * 5));
}

TEST(BatchNorm, ErrorsNameTheOperandAndWhatWasExpected) {
  const Layer layer({6, 5});
  const auto error = [&](auto&& change) {
    ops::BatchNorm op = layer.training();
    change(op);
    return error_of([&] { dispatch(op); });
  };
  EXPECT_EQ(error([](ops::BatchNorm& op) { op.x = op.y = Tensor({5}); }),
            "batch_norm: x must be [..., C], got [5]");
  EXPECT_EQ(error([](ops::BatchNorm& op) {
              op.y = Tensor({5, 6});
            }),
            "batch_norm: y is f32 [5,6] on cpu, x is f32 [6,5] on cpu");
  EXPECT_EQ(error([](ops::BatchNorm& op) { op.beta = Tensor({6}); }),
            "batch_norm: beta is f32 [6] on cpu, expected f32 [5] on cpu");
  EXPECT_EQ(error([](ops::BatchNorm& op) { op.running_var = Tensor(); }),
            "batch_norm: running_mean and running_var must both be defined, or neither");
  EXPECT_EQ(error([](ops::BatchNorm& op) { op.epsilon = 0; }),
            "batch_norm: epsilon must be positive, got 0");
  EXPECT_EQ(error([](ops::BatchNorm& op) { op.momentum = 2; }),
            "batch_norm: momentum must be in [0, 1], got 2");
  EXPECT_EQ(error([](ops::BatchNorm& op) {
              op.x = op.y = Tensor({1, 5});
            }),
            "batch_norm: a variance needs at least 2 values per channel, x is [1,5]");
  EXPECT_EQ(error([](ops::BatchNorm& op) {
              op.x = op.y = Tensor(Shape{0, 5});
            }),
            "batch_norm: a variance needs at least 2 values per channel, x is [0,5]");
  EXPECT_EQ(error_of([&] {
              ops::BatchNormInferenceGrad op = layer.inference_grad();
              op.epsilon = -1;
              dispatch(op);
            }),
            "batch_norm_inference_grad: epsilon must be positive, got -1");
  EXPECT_EQ(error_of([&] {
              ops::BatchNormInferenceGrad op = layer.inference_grad();
              op.running_var = Tensor({4});
              dispatch(op);
            }),
            "batch_norm_inference_grad: running_var is f32 [4] on cpu, expected f32 [5] on cpu");
  EXPECT_EQ(error_of([&] {
              ops::BatchNormInference op = layer.inference();
              op.running_mean = Tensor({4});
              dispatch(op);
            }),
            "batch_norm_inference: running_mean is f32 [4] on cpu, expected f32 [5] on cpu");
  EXPECT_EQ(error_of([&] {
              ops::BatchNormGrad op = layer.grad();
              op.grad_gamma = Tensor();
              dispatch(op);
            }),
            "batch_norm_grad: grad_gamma is undefined");
  EXPECT_EQ(error_of([&] {
              dispatch(Layer({0, 5}).grad());
            }),
            "batch_norm_grad: expects at least one value per channel, x is [0,5]");
}

}  // namespace
}  // namespace joule
