// SPDX-License-Identifier: MIT
#include "joule/kernels/softmax/softmax.h"

#include <limits>

#include "joule/kernels/softmax/softmax_reference.h"
#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

const Shape kShapes[] = {{1}, {3, 5}, {2, 3, 70}, {0, 4}, {3, 0}, {40, 10}, {3, 1000}};

template <class T>
class Softmaxes : public testing::Test {};
using Kinds = testing::Types<std::false_type, std::true_type>;
TYPED_TEST_SUITE(Softmaxes, Kinds);

TYPED_TEST(Softmaxes, EveryImplementationGivesTheDefinition) {
  constexpr bool kLog = TypeParam::value;
  for (const Shape& shape : kShapes) {
    const Tensor x = random_tensor(shape, 1);
    for (float& v : std::span(x.mutable_data<float>(), x.numel())) v *= 100;
    const Guarded y(shape);
    const SoftmaxOf<kLog> op{.x = x, .y = y.tensor()};
    const SoftmaxOf<kLog> exact{.x = to64(x), .y = Tensor(shape, DType::f64)};
    run(exact, kReference);
    // The sum of so many terms in double, in any order; and what is smaller than floats are is 0.
    const double of_the_sum =
        static_cast<double>(shape[-1]) * std::numeric_limits<double>::epsilon() +
        std::numeric_limits<float>::min();
    for_each_implementation(op, [&](std::string_view name) {
      y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        const double expected = exact.y.template data<double>()[i];
        ASSERT_NEAR(op.y.template data<float>()[i], expected,
                    gamma(2) * std::abs(expected) + of_the_sum);
      }
      EXPECT_TRUE(y.intact());
    });
  }
}

TYPED_TEST(Softmaxes, EveryGradientIsTheDefinition) {
  constexpr bool kLog = TypeParam::value;
  for (const Shape& shape : kShapes) {
    const Tensor y(shape), grad_y = random_tensor(shape, 2);
    dispatch(SoftmaxOf<kLog>{.x = random_tensor(shape, 1), .y = y});
    const Guarded grad_x(shape);
    const SoftmaxOfGrad<kLog> op{.y = y, .grad_y = grad_y, .grad_x = grad_x.tensor()};
    const SoftmaxOfGrad<kLog> exact{
        .y = to64(y), .grad_y = to64(grad_y), .grad_x = Tensor(shape, DType::f64)};
    run(exact, kReference);
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      for (std::int64_t i = 0; i < y.numel(); ++i) {
        const double expected = exact.grad_x.template data<double>()[i];
        ASSERT_NEAR(op.grad_x.template data<float>()[i], expected,
                    gamma(2) * std::abs(expected) + 1e-12);
      }
      EXPECT_TRUE(grad_x.intact());
    });
  }
}

TYPED_TEST(Softmaxes, MayOverwriteItsOperand) {
  constexpr bool kLog = TypeParam::value;
  const Tensor x = random_tensor({7, 70}, 1), g = random_tensor({7, 70}, 2);
  const SoftmaxOf<kLog> op{.x = x, .y = Tensor(x.shape())};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    const Tensor over = x.clone();
    run(SoftmaxOf<kLog>{.x = over, .y = over}, name);
    expect_same_bits(over, op.y);
    const SoftmaxOfGrad<kLog> grad{.y = op.y, .grad_y = g, .grad_x = Tensor(x.shape())};
    run(grad, name);
    const Tensor over_g = g.clone();
    run(SoftmaxOfGrad<kLog>{.y = op.y, .grad_y = over_g, .grad_x = over_g}, name);
    expect_same_bits(over_g, grad.grad_x);
  });
}

TYPED_TEST(Softmaxes, ARowWithANanIsNan) {
  constexpr bool kLog = TypeParam::value;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::from(
      std::vector<float>{1, nan, 2, nan, 1, 2, inf, 1, 2, -inf, -inf, -inf, -inf, 0, 0}, {5, 3});
  const SoftmaxOf<kLog> op{.x = x, .y = Tensor(x.shape())};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(std::isnan(op.y.template data<float>()[i])) << i;
    EXPECT_EQ(op.y.template data<float>()[12], kLog ? -inf : 0.0f);
  });
}

TYPED_TEST(Softmaxes, CostAndErrors) {
  using Op = SoftmaxOf<TypeParam::value>;
  using Grad = SoftmaxOfGrad<TypeParam::value>;
  const Tensor t({8, 4});
  EXPECT_EQ((Op{.x = t, .y = t}.work()), (Work{.bytes_read = 128, .bytes_written = 128}));
  EXPECT_EQ((Grad{.y = t, .grad_y = t, .grad_x = t}.work()),
            (Work{.bytes_read = 256, .bytes_written = 128}));
  const std::string op(Op::kName), grad(Grad::kName);
  EXPECT_EQ(error_of([&] { dispatch(Op{.x = t, .y = Tensor({4})}); }),
            op + ": y is f32 [4] on cpu, x is f32 [8,4] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(Op{.x = Tensor(Shape{}), .y = Tensor(Shape{})}); }),
            op + ": x must have a last dimension, it is a scalar");
  EXPECT_EQ(error_of([&] { dispatch(Grad{.y = t, .grad_y = t}); }), grad + ": grad_x is undefined");
}

TEST(SoftmaxFunctions, HaveGradients) {
  expect_gradients([](Inputs in) { return softmax(in[0]); }, {random_tensor({3, 5}, 1)});
  expect_gradients([](Inputs in) { return log_softmax(in[0]); }, {random_tensor({2, 3, 5}, 1)});
}

TEST(SoftmaxFunctions, GiveWhatIsCountedByHand) {
  const Tensor x = Tensor::from(std::vector<float>{0, std::log(3.0f)}, {2});
  EXPECT_NEAR(softmax(x).data<float>()[1], 0.75, 1e-7);
  EXPECT_NEAR(log_softmax(x).data<float>()[0], std::log(0.25), 1e-6);
}

}  // namespace
}  // namespace joule
