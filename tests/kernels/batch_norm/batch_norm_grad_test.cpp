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

TEST(BatchNormInference, UsesTheRunningStatistics) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Layer layer(shape);
      const ops::BatchNormInference op = layer.inference();
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        for (std::int64_t i = 0; i < op.x.numel(); ++i) {
          const std::int64_t c = i % shape[-1];
          const double scale = layer.gamma.data<float>()[c] / std::sqrt(1.5 + op.epsilon);
          const double scaled = (op.x.data<float>()[i] - 0.25) * scale;
          const double beta = layer.beta.data<float>()[c];
          ASSERT_NEAR(op.y.data<float>()[i], scaled + beta,
                      gamma(7) * (std::abs(scaled) + std::abs(beta)));
        }
        EXPECT_TRUE(layer.intact());
      });
    }
  });
}

TEST(BatchNormInferenceGrad, EveryImplementationStaysWithinTheBound) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Layer layer(shape);
      const ops::BatchNormInferenceGrad op = layer.inference_grad();
      const std::int64_t channels = shape[-1], rows = shape.numel() / channels;
      const double inv_std = 1 / std::sqrt(1.5 + op.epsilon);
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        for (std::int64_t c = 0; c < channels; ++c) {
          double sum = 0, sum_size = 0, product = 0, product_size = 0;
          for (std::int64_t i = c; i < op.x.numel(); i += channels) {
            const double g = op.grad_y.data<float>()[i];
            const double normal = (op.x.data<float>()[i] - 0.25) * inv_std;
            sum += g, sum_size += std::abs(g);
            product += g * normal, product_size += std::abs(g * normal);
            const double expected = g * op.gamma.data<float>()[c] * inv_std;
            ASSERT_NEAR(op.grad_x.data<float>()[i], expected, gamma(6) * std::abs(expected));
          }
          ASSERT_NEAR(op.grad_beta.data<float>()[c], sum, gamma(rows + 1) * sum_size);
          ASSERT_NEAR(op.grad_gamma.data<float>()[c], product, gamma(rows + 5) * product_size);
        }
        EXPECT_TRUE(layer.intact());
      });
    }
  });
}

TEST(BatchNormInferenceGrad, OfNoImagesIsZero) {
  const Layer layer({0, 5});
  const ops::BatchNormInferenceGrad op = layer.inference_grad();
  for_each_implementation(op, [&](std::string_view name) {
    op.grad_gamma.fill(7);
    op.grad_beta.fill(7);
    run(op, name);
    expect_same_bits(op.grad_gamma, Tensor::zeros({5}));
    expect_same_bits(op.grad_beta, Tensor::zeros({5}));
  });
}

TEST(BatchNormGrad, EveryImplementationStaysWithinTheBound) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Layer layer(shape);
      dispatch(layer.training());
      const ops::BatchNormGrad op = layer.grad();
      const std::int64_t channels = shape[-1], rows = shape.numel() / channels;
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        for (std::int64_t c = 0; c < channels; ++c) {
          const double mean = op.mean.data<float>()[c], inv_std = op.inv_std.data<float>()[c];
          const auto normal = [&](std::int64_t i) {
            return (op.x.data<float>()[i] - mean) * inv_std;
          };
          double sum = 0, sum_size = 0, product = 0, product_size = 0;
          for (std::int64_t i = c; i < op.x.numel(); i += channels) {
            const double g = op.grad_y.data<float>()[i];
            sum += g, sum_size += std::abs(g);
            product += g * normal(i), product_size += std::abs(g * normal(i));
          }
          ASSERT_NEAR(op.grad_beta.data<float>()[c], sum, gamma(rows + 1) * sum_size);
          ASSERT_NEAR(op.grad_gamma.data<float>()[c], product, gamma(rows + 5) * product_size);
          const double scale = op.gamma.data<float>()[c] * inv_std;
          const double count = static_cast<double>(rows);
          for (std::int64_t i = c; i < op.x.numel(); i += channels) {
            const double g = op.grad_y.data<float>()[i];
            const double expected = scale * (g - sum / count - normal(i) * product / count);
            const double size = std::abs(scale) * (std::abs(g) + sum_size / count +
                                                   std::abs(normal(i)) * product_size / count);
            ASSERT_NEAR(op.grad_x.data<float>()[i], expected, gamma(rows + 14) * size);
          }
        }
        EXPECT_TRUE(layer.intact());
      });
    }
  });
}

TEST(BatchNormGrad, AgreesWithCentralDifferencesInDouble) {
  const auto to64 = [](const Tensor& t) { return t.to(DType::f64); };
  const Shape shape{2, 3, 2, 4}, channels{4};
  const Tensor x = to64(random_tensor(shape, 1)), gamma = to64(random_tensor(channels, 2));
  const Tensor beta = to64(random_tensor(channels, 3)), grad_y = to64(random_tensor(shape, 4));
  const auto empty = [](const Shape& s) { return Tensor(s, DType::f64); };
  const ops::BatchNorm forward{.x = x,
                               .gamma = gamma,
                               .beta = beta,
                               .y = empty(shape),
                               .mean = empty(channels),
                               .mean_rest = empty(channels),
                               .inv_std = empty(channels)};
  const ops::BatchNormGrad backward{.x = x,
                                    .gamma = gamma,
                                    .mean = forward.mean,
                                    .mean_rest = forward.mean_rest,
                                    .inv_std = forward.inv_std,
                                    .grad_y = grad_y,
                                    .grad_x = empty(shape),
                                    .grad_gamma = empty(channels),
                                    .grad_beta = empty(channels)};
  dispatch(forward);
  dispatch(backward);
  const auto loss = [&] {
    dispatch(forward);
    return inner_product(grad_y, forward.y);
  };
  expect_central_differences(x, backward.grad_x, 1e-4, 1e-6, loss);
  expect_central_differences(gamma, backward.grad_gamma, 1e-3, 1e-9, loss);
  expect_central_differences(beta, backward.grad_beta, 1e-3, 1e-9, loss);
}

}  // namespace
}  // namespace joule
