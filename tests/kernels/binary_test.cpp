// SPDX-License-Identifier: MIT
#include "joule/kernels/binary/binary.h"

#include <limits>
#include <vector>

#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

template <class Op>
float expected(float a, float b) {
  if constexpr (std::is_same_v<Op, ops::Add>) return a + b;
  if constexpr (std::is_same_v<Op, ops::Sub>) return a - b;
  if constexpr (std::is_same_v<Op, ops::Mul>) return a * b;
  return a / b;
}

/// Where element i of y lies in an operand of `shape`.
std::int64_t index_in(const Shape& shape, const Shape& y, std::int64_t i) {
  std::int64_t at = 0, stride = 1;
  for (int d = 1; d <= y.rank(); ++d) {
    const std::int64_t index = i % y[-d];
    i /= y[-d];
    if (d > shape.rank()) continue;
    if (shape[-d] != 1) at += index * stride;
    stride *= shape[-d];
  }
  return at;
}

struct Case {
  Shape a, b, y;
};
const Case kCases[] = {
    {{0}, {0}, {0}},
    {{1}, {1}, {1}},
    {{3, 5}, {3, 5}, {3, 5}},
    {{40, 1037}, {40, 1037}, {40, 1037}},
    {{2, 3, 3, 64}, {64}, {2, 3, 3, 64}},
    {{2, 3, 3, 17}, {2, 1, 1, 17}, {2, 3, 3, 17}},
    {{2, 3, 3, 16}, {2, 1, 1, 16}, {2, 3, 3, 16}},
    {{2, 1, 1, 17}, {2, 3, 3, 17}, {2, 3, 3, 17}},
    {{4, 3, 5, 6}, {1, 3, 5, 6}, {4, 3, 5, 6}},
    {{4, 3, 5, 6}, {}, {4, 3, 5, 6}},
    {{4, 3, 5, 6}, {4, 3, 5, 1}, {4, 3, 5, 6}},
    {{4, 1, 5, 1}, {1, 3, 1, 6}, {4, 3, 5, 6}},
    {{70, 300}, {1, 300}, {70, 300}},
    {{70, 1}, {1, 0}, {70, 0}},
};

template <class Op>
class BinaryOps : public testing::Test {};
using Ops = testing::Types<ops::Add, ops::Sub, ops::Mul, ops::Div>;
TYPED_TEST_SUITE(BinaryOps, Ops);

TYPED_TEST(BinaryOps, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Case& of : kCases) {
      SCOPED_TRACE(str(of.a, " and ", of.b));
      const Tensor a = random_tensor(of.a, 1), b = random_tensor(of.b, 2);
      const Guarded y(of.y);
      const TypeParam op{.a = a, .b = b, .y = y.tensor()};
      for_each_implementation(op, [&](std::string_view name) {
        y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
        run(op, name);
        for (std::int64_t i = 0; i < op.y.numel(); ++i) {
          ASSERT_EQ(op.y.template data<float>()[i],
                    expected<TypeParam>(a.data<float>()[index_in(of.a, of.y, i)],
                                        b.data<float>()[index_in(of.b, of.y, i)]));
        }
        EXPECT_TRUE(y.intact());
      });
    }
  });
}

TYPED_TEST(BinaryOps, MayOverwriteAnOperandOfItsShape) {
  const Tensor a = random_tensor({70, 300}, 1), b = random_tensor({300}, 2);
  const TypeParam apart{.a = a, .b = b, .y = Tensor(a.shape())};
  const TypeParam turned{.a = b, .b = a, .y = Tensor(a.shape())};
  for_each_implementation(apart, [&](std::string_view name) {
    run(apart, name);
    run(turned, name);
    const Tensor over_a = a.clone(), over_b = a.clone();
    run(TypeParam{.a = over_a, .b = b, .y = over_a}, name);
    run(TypeParam{.a = b, .b = over_b, .y = over_b}, name);
    expect_same_bits(over_a, apart.y);
    expect_same_bits(over_b, turned.y);
  });
}

TYPED_TEST(BinaryOps, ReadsEachOperandOnceAndWritesOne) {
  EXPECT_EQ((TypeParam{.a = Tensor({8, 4}), .b = Tensor({4}), .y = Tensor({8, 4})}.work()),
            (Work{.bytes_read = 128 + 16, .bytes_written = 128}));
}

TYPED_TEST(BinaryOps, ErrorsNameTheOperandAndWhatWasExpected) {
  const std::string op(TypeParam::kName);
  const auto error = [](const Tensor& a, const Tensor& b, const Tensor& y) {
    return error_of([&] { dispatch(TypeParam{.a = a, .b = b, .y = y}); });
  };
  EXPECT_EQ(error(Tensor({2, 3}), Tensor({2}), Tensor({2, 3})),
            op + ": a is [2,3], b is [2]: dimension -1 must be equal, or 1 in one of them");
  EXPECT_EQ(error(Tensor({2, 3}), Tensor({3}, DType::f64), Tensor({2, 3})),
            op + ": a is f32 [2,3] on cpu, b is f64 [3] on cpu");
  EXPECT_EQ(error(Tensor({2, 3}), Tensor({3}), Tensor({3})),
            op + ": y is f32 [3] on cpu, expected f32 [2,3] on cpu");
  EXPECT_EQ(error(Tensor({2}), Tensor({2}), Tensor()), op + ": y is undefined");
  EXPECT_EQ(error(Tensor({2}, DType::i32), Tensor({2}), Tensor({2})),
            op + ": a must be floating-point, got i32");
}

TEST(BinaryFunctions, HaveGradientsOfBothOperands) {
  for (const Case& of : kCases) {
    if (of.y.numel() == 0 || of.y.numel() > 1000) continue;
    SCOPED_TRACE(str(of.a, " and ", of.b));
    const Tensor a = random_tensor(of.a, 1), b = random_tensor(of.b, 2);
    expect_gradients([](Inputs in) { return in[0] + in[1]; }, {a, b});
    expect_gradients([](Inputs in) { return in[0] - in[1]; }, {a, b});
    expect_gradients([](Inputs in) { return in[0] * in[1]; }, {a, b});
    const Tensor away_from_zero = random_tensor(of.b, 3);
    for (float& v : std::span(away_from_zero.mutable_data<float>(), of.b.numel())) {
      v += v < 0 ? -0.5f : 0.5f;
    }
    expect_gradients([](Inputs in) { return in[0] / in[1]; }, {a, away_from_zero});
  }
}

TEST(BinaryFunctions, TakeANumberOnEitherSide) {
  const Tensor x = Tensor::from(std::vector<float>{1, -2, 4}, {3});
  const auto values = [](const Tensor& t) {
    return std::vector<float>(t.values<float>().begin(), t.values<float>().end());
  };
  using Values = std::vector<float>;
  EXPECT_EQ(values(x + 1), (Values{2, -1, 5}));
  EXPECT_EQ(values(1 + x), (Values{2, -1, 5}));
  EXPECT_EQ(values(x - 1), (Values{0, -3, 3}));
  EXPECT_EQ(values(1 - x), (Values{0, 3, -3}));
  EXPECT_EQ(values(x * 2.f), (Values{2, -4, 8}));
  EXPECT_EQ(values(2.5 * x), (Values{2.5, -5, 10}));
  EXPECT_EQ(values(x / 2), (Values{.5, -1, 2}));
  EXPECT_EQ(values(2 / x), (Values{2, -1, .5}));
  EXPECT_EQ(values(-x), (Values{-1, 2, -4}));
  EXPECT_EQ(values(x), (Values{1, -2, 4}));
  expect_gradients([](Inputs in) { return 1 - in[0] * 3; }, {x});
  expect_gradients([](Inputs in) { return 2 / in[0] + -in[0] / 4; }, {x});
  EXPECT_EQ(error_of([] { return Tensor() * 2; }), "tensor: used before it was defined");
  EXPECT_EQ(error_of([] { return Tensor({2}, DType::i32) * 2; }),
            "mul: a must be floating-point, got i32");
}

TEST(BinaryFunctions, OfOneTensorTwiceHaveTheSumOfBothGradients) {
  const Tensor x = random_tensor({3, 4}, 1);
  expect_gradients([](Inputs in) { return in[0] * in[0]; }, {x});
  expect_gradients([](Inputs in) { return in[0] - in[0] * in[0]; }, {x});
}

TEST(BinaryFunctions, OverwriteAnOperandThatIsMovedInButNoneThatIsSaved) {
  Tensor a = Tensor::full({4}, 3);
  const void* const storage = a.raw();
  EXPECT_EQ(mul(std::move(a), Tensor::full({4}, 2)).raw(), storage);
  Tensor b = Tensor::full({4}, 2);
  b.set_requires_grad();
  Tensor c = Tensor::full({4}, 3);
  mul(std::move(c), b).backward(Tensor::full({4}, 1));
  EXPECT_EQ(b.grad().data<float>()[0], 3.0f);
}

}  // namespace
}  // namespace joule
