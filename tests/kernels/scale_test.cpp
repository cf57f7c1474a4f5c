// SPDX-License-Identifier: MIT
#include "joule/kernels/scale/scale.h"

#include <limits>
#include <map>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

const Shape kShapes[] = {Shape{}, {0}, {1}, {3, 5}, {2, 3, 3, 64}, {5003}, {70001}};

TEST(Scale, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Guarded y(shape);
      const ops::Scale op{.x = random_tensor(shape, 1), .y = y.tensor(), .factor = 0.3f};
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        for (std::int64_t i = 0; i < op.x.numel(); ++i) {
          ASSERT_EQ(y.tensor().data<float>()[i], 0.3f * op.x.data<float>()[i]);
        }
        EXPECT_TRUE(y.intact());
      });
    }
  });
}

TEST(Scale, AScalarMayMultiplyToo) {
  const Tensor x = random_tensor({1003}, 1), by = Tensor::full(Shape{}, 3);
  const ops::Scale op{.x = x, .y = Tensor({1003}), .factor = 0.5f, .by = by};
  for_each_target([&] {
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        ASSERT_EQ(op.y.data<float>()[i], 1.5f * x.data<float>()[i]);
      }
    });
  });
}

TEST(Scale, MayOverwriteItsInput) {
  const Tensor x({101});
  const ops::Scale op{.x = x, .y = x, .factor = -2};
  for_each_implementation(op, [&](std::string_view name) {
    x.fill(3);
    run(op, name);
    for (const float value : x.values<float>()) ASSERT_EQ(value, -6.0f);
  });
}

TEST(SquaredNorm, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Tensor x = random_tensor(shape, 2);
      const ops::SquaredNorm op{.x = x, .sum = Tensor(Shape{}, DType::f64)};
      double expected = 0;
      for (const double value : x.values<float>()) expected += value * value;
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        const double u = std::numeric_limits<double>::epsilon() / 2;
        EXPECT_NEAR(op.sum.item(), expected, 2 * u * static_cast<double>(x.numel()) * expected);
      });
    }
  });
}

TEST(SquaredNorm, IsExactForWholeNumbersAndHoldsLargeFloats) {
  // More than the blocks of the CUDA row take at once.
  const ops::SquaredNorm whole{.x = integer_tensor({1100003}, 3),
                               .sum = Tensor(Shape{}, DType::f64)};
  std::int64_t expected = 0;
  for (const float value : whole.x.values<float>()) {
    expected += static_cast<std::int64_t>(value * value);
  }
  for_each_implementation(whole, [&](std::string_view name) {
    run(whole, name);
    EXPECT_EQ(whole.sum.item(), static_cast<double>(expected));
  });
  const ops::SquaredNorm large{.x = Tensor::full({100}, 2e38f), .sum = Tensor(Shape{}, DType::f64)};
  for_each_implementation(large, [&](std::string_view name) {
    run(large, name);
    EXPECT_NEAR(large.sum.item(), 4e78, 1e72);
  });
}

TEST(SquaredNorm, SameBitsAtAnyAddress) {
  const ops::SquaredNorm op{.x = random_tensor({100003}, 5), .sum = Tensor(Shape{}, DType::f64)};
  std::map<std::string_view, double> sums;
  for (int turn = 0; turn < 2; ++turn) {  // in one of them x is at an odd address
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      EXPECT_EQ(op.sum.item(), sums.try_emplace(name, op.sum.item()).first->second);
    });
  }
}

TEST(SquaredNorm, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({100003}, 4);
  std::vector<double> sums;
  for_each_thread_count([&] {
    const ops::SquaredNorm op{.x = x, .sum = Tensor(Shape{}, DType::f64)};
    dispatch(op);
    sums.push_back(op.sum.item());
  });
  EXPECT_EQ(sums[0], sums[1]);
}

TEST(AllFinite, FindsOneBadElementAnywhere) {
  for (const std::int64_t n : {1, 17, 20000}) {
    for (const std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
      const Tensor x = Tensor::full({n}, -3e38f);
      EXPECT_TRUE(all_finite(x));
      for (const float bad :
           {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
            std::numeric_limits<float>::quiet_NaN()}) {
        x.mutable_data<float>()[at] = bad;
        EXPECT_FALSE(all_finite(x)) << bad << " at " << at << " of " << n;
      }
    }
  }
}

TEST(Scale, ErrorsSayWhatWasExpected) {
  const Tensor x({3});
  EXPECT_EQ(error_of([&] { dispatch(ops::Scale{.x = x, .y = Tensor({2})}); }),
            "scale: y is f32 [2] on cpu, x is f32 [3] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(ops::Scale{.x = x, .y = x, .by = x}); }),
            "scale: by must be a scalar of f32 on cpu, got f32 [3] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(ops::SquaredNorm{.x = x, .sum = Tensor(Shape{})}); }),
            "squared_norm: sum must be a scalar of f64 on cpu, got f32 [] on cpu");
  EXPECT_EQ(error_of([&] { all_finite(Tensor({3}, DType::i32)); }),
            "all_finite: expected f32, got i32");
}

}  // namespace
}  // namespace joule
