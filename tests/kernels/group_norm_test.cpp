// SPDX-License-Identifier: MIT
#include "joule/kernels/group_norm/group_norm.h"

#include <limits>

#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

struct Case {
  Shape x;
  std::int64_t groups;
};
const Case kCases[] = {{{2, 3, 3, 8}, 4}, {{3, 5, 7, 6}, 1},   {{4, 10}, 1}, {{4, 10}, 5},
                       {{2, 4, 4, 6}, 6}, {{2, 20, 20, 8}, 2}, {{0, 4}, 2},  {{300, 70}, 1},
                       {{2, 3, 1}, 1},    {{3, 0, 4, 4}, 2}};

/// far from 0: what is lost there is lost for good.
Tensor offset_tensor(const Shape& shape) {
  const Tensor x = random_tensor(shape, 1);
  for (float& v : std::span(x.mutable_data<float>(), x.numel())) v += 100;
  return x;
}

TEST(GroupNorm, EveryImplementationGivesTheDefinition) {
  for (const Case& of : kCases) {
    SCOPED_TRACE(str(of.x, " in ", of.groups));
    const Tensor x = offset_tensor(of.x), gamma = random_tensor({of.x[-1]}, 2);
    const Tensor beta = random_tensor({of.x[-1]}, 3);
    const Guarded y(of.x);
    const ops::GroupNorm op{
        .x = x, .gamma = gamma, .beta = beta, .y = y.tensor(), .groups = of.groups};
    ops::GroupNorm exact = op;
    exact.x = to64(x), exact.gamma = to64(gamma), exact.beta = to64(beta);
    exact.y = Tensor(of.x, DType::f64);
    run(exact, kReference);
    for_each_implementation(op, [&](std::string_view name) {
      y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        const double expected = exact.y.data<double>()[i];
        ASSERT_NEAR(op.y.data<float>()[i], expected, test::gamma(4) * std::abs(expected) + 1e-7);
      }
      EXPECT_TRUE(y.intact());
      const Tensor over = x.clone();
      run(ops::GroupNorm{.x = over, .gamma = gamma, .beta = beta, .y = over, .groups = of.groups},
          name);
      expect_same_bits(over, op.y);
    });
  }
}

TEST(GroupNorm, EveryGradientIsTheDefinition) {
  for (const Case& of : kCases) {
    SCOPED_TRACE(str(of.x, " in ", of.groups));
    const Shape channels{of.x[-1]};
    const Guarded grad_x(of.x), grad_gamma(channels), grad_beta(channels);
    const ops::GroupNormGrad op{.x = offset_tensor(of.x),
                                .gamma = random_tensor(channels, 2),
                                .grad_y = random_tensor(of.x, 3),
                                .grad_x = grad_x.tensor(),
                                .grad_gamma = grad_gamma.tensor(),
                                .grad_beta = grad_beta.tensor(),
                                .groups = of.groups};
    ops::GroupNormGrad exact = op;
    for_each_tensor(exact, [](Tensor& t) { t = to64(t); });
    run(exact, kReference);
    // Sums of that many products, each at most sqrt(size of a group) in magnitude.
    const auto rows = static_cast<double>(op.x.numel() / std::max<std::int64_t>(1, of.x[-1]));
    const double most = std::sqrt(static_cast<double>(op.x.numel() + 1));
    for_each_implementation(op, [&](std::string_view name) {
      for_each_tensor(op, [&](const Tensor& t) {
        if (t.same_storage(op.grad_x)) t.fill(std::numeric_limits<double>::quiet_NaN());
      });
      run(op, name);
      for (std::int64_t i = 0; i < op.x.numel(); ++i) {
        const double expected = exact.grad_x.data<double>()[i];
        ASSERT_NEAR(op.grad_x.data<float>()[i], expected, gamma(4) * std::abs(expected) + 1e-9);
      }
      for (std::int64_t c = 0; c < of.x[-1]; ++c) {
        const double bound = gamma(static_cast<std::int64_t>(rows) + 2) * rows;
        EXPECT_NEAR(grad_gamma.tensor().data<float>()[c], exact.grad_gamma.data<double>()[c],
                    bound * most);
        EXPECT_NEAR(grad_beta.tensor().data<float>()[c], exact.grad_beta.data<double>()[c], bound);
      }
      EXPECT_TRUE(grad_x.intact() && grad_gamma.intact() && grad_beta.intact());
    });
  }
}

TEST(GroupNorm, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({100, 9, 9, 8}, 1), gamma = random_tensor({8}, 2);
  std::vector<Tensor> sums;
  for_each_thread_count([&] {
    sums.push_back(Tensor({8}));
    dispatch(ops::GroupNormGrad{.x = x,
                                .gamma = gamma,
                                .grad_y = x,
                                .grad_x = Tensor(x.shape()),
                                .grad_gamma = sums.back(),
                                .grad_beta = Tensor({8}),
                                .groups = 2});
  });
  expect_same_bits(sums[0], sums[1]);
}

TEST(GroupNorm, NormalisesWhatIsCountedByHand) {
  const Tensor x = Tensor::from(std::vector<float>{1, 3, 10, 30}, {1, 4});
  const Tensor ones = Tensor::full({4}, 1), zeros = Tensor::full({4}, 0);
  const Tensor y = group_norm(x, ones, zeros, 2, 1e-12f);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(y.data<float>()[i], i % 2 ? 1 : -1, 1e-6);
  const Tensor rows =
      layer_norm(x.reshape({2, 1, 2}), Tensor::full({2}, 2), Tensor::full({2}, 5), 1e-12f);
  EXPECT_EQ(rows.shape(), (Shape{2, 1, 2}));
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(rows.data<float>()[i], i % 2 ? 7 : 3, 1e-6);
}

TEST(GroupNorm, HasGradients) {
  const Tensor x = random_tensor({2, 3, 2, 4}, 1);
  const Tensor gamma = random_tensor({4}, 2), beta = random_tensor({4}, 3);
  for (const std::int64_t groups : {1, 2, 4}) {
    expect_gradients([&](Inputs in) { return group_norm(in[0], in[1], in[2], groups); },
                     {x, gamma, beta});
  }
  expect_gradients([](Inputs in) { return layer_norm(in[0], in[1], in[2]); }, {x, gamma, beta});
}

TEST(GroupNorm, CostAndErrors) {
  const Tensor x({2, 3, 4}), c({4}), y({2, 3, 4});
  const ops::GroupNorm op{.x = x, .gamma = c, .beta = c, .y = y, .groups = 2};
  EXPECT_EQ(op.work(), (Work{.macs = 48, .bytes_read = 96 + 32, .bytes_written = 96}));
  const ops::GroupNormGrad grad{
      .x = x, .gamma = c, .grad_y = x, .grad_x = y, .grad_gamma = c, .grad_beta = c};
  EXPECT_EQ(grad.work(), (Work{.macs = 120, .bytes_read = 96 + 16 + 96, .bytes_written = 96 + 32}));
  EXPECT_EQ(error_of([&] { group_norm(x, c, c, 3); }),
            "group_norm: groups=3 must divide the channels of x, [2,3,4]");
  EXPECT_EQ(error_of([&] { group_norm(x, c, c, 2, 0); }),
            "group_norm: epsilon must be above 0, got 0");
  EXPECT_EQ(error_of([&] { group_norm(x, Tensor({3}), c, 2); }),
            "group_norm: gamma is f32 [3] on cpu, expected f32 [4] on cpu");
  EXPECT_EQ(error_of([&] { group_norm(c, c, c, 2); }),
            "group_norm: x must be [N, ..., C], got [4]");
  EXPECT_EQ(error_of([&] { layer_norm(Tensor(), c, c); }),
            "layer_norm: x must have a last dimension");
}

}  // namespace
}  // namespace joule
