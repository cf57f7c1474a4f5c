// SPDX-License-Identifier: MIT
#include "joule/kernels/pointwise/pointwise.h"

#include <limits>

#include "joule/kernels/binary/binary.h"
#include "joule/kernels/pointwise/pointwise_reference.h"
#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

constexpr float kSlope = 0.25f;
constexpr double kLeast = std::numeric_limits<float>::min();  // what is below is taken for 0

/// Every magnitude, both signs, and the corners.
Tensor arguments() {
  std::vector<float> values = {0.0f, -0.0f, 3.0f, -3.0f, 1e-20f, -1e-20f, 88, -88, 200, -200};
  for (int i = -400; i <= 400; ++i) values.push_back(static_cast<float>(i) * 0.0317f);
  return Tensor::from(values, {static_cast<std::int64_t>(values.size())});
}

template <PointwiseFunction F>
struct Of {
  static constexpr PointwiseFunction kFunction = F;
};

template <class T>
class Pointwises : public testing::Test {};
using Functions = testing::Types<Of<PointwiseFunction::sigmoid>, Of<PointwiseFunction::tanh>,
                                 Of<PointwiseFunction::leaky_relu>, Of<PointwiseFunction::gelu>,
                                 Of<PointwiseFunction::silu>, Of<PointwiseFunction::hard_swish>,
                                 Of<PointwiseFunction::elu>, Of<PointwiseFunction::erf>>;
TYPED_TEST_SUITE(Pointwises, Functions);

TYPED_TEST(Pointwises, EveryImplementationGivesTheDefinition) {
  constexpr PointwiseFunction kFunction = TypeParam::kFunction;
  for_each_target([] {
    for (const Tensor& x : {arguments(), random_tensor({0}, 1), random_tensor({3, 5, 300}, 2)}) {
      const Guarded y(x.shape());
      const Pointwise<kFunction> op{.x = x, .y = y.tensor(), .slope = kSlope};
      for_each_implementation(op, [&](std::string_view name) {
        y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
        run(op, name);
        for (std::int64_t i = 0; i < x.numel(); ++i) {
          const double at = x.data<float>()[i];
          const double exact = reference::pointwise<kFunction>(at, double{kSlope});
          const double square = kFunction == PointwiseFunction::gelu ? at * at : 0;
          ASSERT_NEAR(op.y.template data<float>()[i], exact,
                      gamma(16) * (1 + square) * std::abs(exact) + kLeast * (1 + std::abs(at)))
              << "of " << at;
        }
        EXPECT_TRUE(y.intact());
      });
    }
  });
}

TYPED_TEST(Pointwises, EveryGradientIsTheDefinition) {
  constexpr PointwiseFunction kFunction = TypeParam::kFunction;
  for_each_target([] {
    const Tensor at = arguments(), grad_y = random_tensor(at.shape(), 3);
    const Guarded grad_x(at.shape());
    const PointwiseGrad<kFunction> op{
        .at = at, .grad_y = grad_y, .grad_x = grad_x.tensor(), .slope = kSlope};
    for_each_implementation(op, [&](std::string_view name) {
      grad_x.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      for (std::int64_t i = 0; i < at.numel(); ++i) {
        const double x = at.data<float>()[i], g = grad_y.data<float>()[i];
        const double slope = reference::pointwise_slope<kFunction>(x, double{kSlope});
        const double square = kFunction == PointwiseFunction::gelu ? x * x : 0;
        const double most = grad_from_value(kFunction) ? 1 + x * x : 1.2;  // of what is added up
        ASSERT_NEAR(op.grad_x.template data<float>()[i], g * slope,
                    gamma(16) * (1 + square) * most * std::abs(g) + kLeast * (1 + std::abs(x)))
            << "at " << x;
      }
      EXPECT_TRUE(grad_x.intact());
    });
  });
}

TYPED_TEST(Pointwises, GradientIsTheDerivativeOfTheDefinition) {
  constexpr PointwiseFunction kFunction = TypeParam::kFunction;
  for (const double x : {-4.0, -2.5, -1.3, -0.7, -0.1, 0.2, 0.9, 2.0, 2.9, 5.0}) {
    const double h = 1e-6;
    const double above = reference::pointwise<kFunction>(x + h, 0.25);
    const double below = reference::pointwise<kFunction>(x - h, 0.25);
    const double at = grad_from_value(kFunction) ? reference::pointwise<kFunction>(x, 0.25) : x;
    EXPECT_NEAR(reference::pointwise_slope<kFunction>(at, 0.25), (above - below) / (2 * h), 1e-8);
  }
}

TYPED_TEST(Pointwises, ANanStaysOne) {
  constexpr PointwiseFunction kFunction = TypeParam::kFunction;
  const Tensor x = Tensor::full({70}, std::numeric_limits<float>::quiet_NaN());
  const Tensor ones = Tensor::full({70}, 1), out({70});
  for_each_target([&] {
    const Pointwise<kFunction> op{.x = x, .y = out};
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      for (const float v : out.values<float>()) ASSERT_TRUE(std::isnan(v));
    });
    const PointwiseGrad<kFunction> grad{.at = x, .grad_y = ones, .grad_x = out};
    for_each_implementation(grad, [&](std::string_view name) {
      run(grad, name);
      for (const float v : out.values<float>()) ASSERT_TRUE(std::isnan(v));
    });
  });
}

TYPED_TEST(Pointwises, MayOverwriteItsOperand) {
  constexpr PointwiseFunction kFunction = TypeParam::kFunction;
  const Tensor x = random_tensor({70, 30}, 1), g = random_tensor({70, 30}, 2);
  const Pointwise<kFunction> op{.x = x, .y = Tensor(x.shape())};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    const Tensor over = x.clone();
    run(Pointwise<kFunction>{.x = over, .y = over}, name);
    expect_same_bits(over, op.y);
  });
  const PointwiseGrad<kFunction> grad{.at = x, .grad_y = g, .grad_x = Tensor(x.shape())};
  for_each_implementation(grad, [&](std::string_view name) {
    run(grad, name);
    const Tensor over = g.clone();
    run(PointwiseGrad<kFunction>{.at = x, .grad_y = over, .grad_x = over}, name);
    expect_same_bits(over, grad.grad_x);
  });
}

TYPED_TEST(Pointwises, CostAndErrors) {
  constexpr PointwiseFunction kFunction = TypeParam::kFunction;
  using Op = Pointwise<kFunction>;
  using Grad = PointwiseGrad<kFunction>;
  const Tensor t({8, 4});
  EXPECT_EQ((Op{.x = t, .y = t}.work()), (Work{.bytes_read = 128, .bytes_written = 128}));
  EXPECT_EQ((Grad{.at = t, .grad_y = t, .grad_x = t}.work()),
            (Work{.bytes_read = 256, .bytes_written = 128}));
  const std::string op(Op::kName), grad(Grad::kName);
  EXPECT_EQ(grad, op + "_grad");
  EXPECT_EQ(error_of([&] { dispatch(Op{.x = t, .y = Tensor({4})}); }),
            op + ": y is f32 [4] on cpu, x is f32 [8,4] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(Op{.x = t, .y = t, .slope = INFINITY}); }),
            op + ": the slope must be finite, got inf");
  EXPECT_EQ(error_of([&] { dispatch(Grad{.at = t, .grad_y = t}); }),
            grad + ": grad_x is undefined");
}

TEST(PointwiseFunctions, HaveGradients) {
  const Tensor x = random_tensor({3, 4, 5}, 1);
  for (float& v : std::span(x.mutable_data<float>(), x.numel())) v *= 4;
  expect_gradients([](Inputs in) { return sigmoid(in[0]); }, {x});
  expect_gradients([](Inputs in) { return joule::tanh(in[0]); }, {x});
  expect_gradients([](Inputs in) { return leaky_relu(in[0], 0.2f); }, {x}, 1);
  expect_gradients([](Inputs in) { return gelu(in[0]); }, {x});
  expect_gradients([](Inputs in) { return silu(in[0]); }, {x});
  expect_gradients([](Inputs in) { return hard_swish(in[0]); }, {x}, 1);
  expect_gradients([](Inputs in) { return elu(in[0], 0.7f); }, {x}, 1);
  expect_gradients([](Inputs in) { return erf(in[0]); }, {x});
}

TEST(PointwiseFunctions, OverwriteAMovedInOperandOnlyIfTheGradientDoesNotNeedIt) {
  Tensor x = Tensor::full({4}, 0.5f);
  const void* const storage = x.raw();
  EXPECT_EQ(gelu(std::move(x)).raw(), storage);
  const Tensor leaf = Tensor::full({4}, 0.5f);
  Tensor parameter = leaf.clone();
  parameter.set_requires_grad();
  gelu(parameter + leaf).backward(leaf);
  EXPECT_NEAR(parameter.grad().data<float>()[0],
              0.5 * reference::pointwise_slope<PointwiseFunction::gelu>(1.0, 0.0), 1e-6);
  EXPECT_EQ(error_of([] { sigmoid(Tensor()); }), "sigmoid: x is undefined");
}

}  // namespace
}  // namespace joule
