// SPDX-License-Identifier: MIT
#include "joule/kernels/relu/relu.h"

#include <cmath>
#include <limits>
#include <vector>

#include "joule/kernels/relu/relu_reference.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

const Shape kShapes[] = {
    {1},
    {3, 5},
    // Pixels side by side, 64 at a time, and a rest.
    {65, 63},
    {130, 7},
    {100, 48},
    {2, 3, 3, 64},
    {2, 5, 3, 70},
    {1, 1, 2, 130},
    {7, 200},
    {0, 7},
    {3, 0},
    // Several chunks of the CUDA rows: narrow rows, and rows wider than a chunk.
    {1400, 3},
    {300, 16},
    {40, 130},
    {3, 4100},
    {2, 5001}};
constexpr float kSigma = 1e-2f;

ops::Relu make_relu(const Tensor& x, const Tensor& y) {
  return {.x = x, .y = y, .sigma = kSigma, .l0_sum = Tensor(Shape{})};
}

TEST(Relu, EveryImplementationGivesTheDefinitionAndItsMask) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Tensor x = random_tensor(shape, 1, 0.8);
      const Guarded y(shape);
      const ops::Relu op = make_relu(x, y.tensor());
      for_each_implementation(op, [&](std::string_view name) {
        y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
        run(op, name);
        double l0 = 0;
        for (std::int64_t i = 0; i < x.numel(); ++i) {
          const float expected = std::max(0.0f, x.data<float>()[i]);
          ASSERT_EQ(y.tensor().data<float>()[i], expected);
          l0 += reference::smooth_l0<double>(expected, kSigma);
        }
        EXPECT_NEAR(op.l0_sum.item(), l0, gamma(x.numel() + 8) * l0);
        expect_mask_matches(y.tensor());
        EXPECT_TRUE(y.intact());
      });
    }
  });
}

TEST(Relu, NanStaysNanAndMinusZeroAndDenormalsAreZero) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::from(std::vector<float>{nan, -0.0f, -inf, inf, 1e-42f}, {1, 5});
  const ops::Relu op{.x = x, .y = Tensor(x.shape())};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    EXPECT_TRUE(std::isnan(op.y.data<float>()[0]));
    EXPECT_EQ(op.y.data<float>()[1], 0.0f);
    EXPECT_EQ(op.y.data<float>()[2], 0.0f);
    EXPECT_EQ(op.y.data<float>()[3], inf);
    EXPECT_EQ(op.y.data<float>()[4], 0.0f) << "a denormal is a zero";
    EXPECT_EQ(op.y.nonzeros(), 2);
    expect_mask_matches(op.y);
  });
}

TEST(Relu, NanCountsAsNonZeroInWholeVectorsToo) {
  const Tensor y({2, 70});
  const ops::Relu op{.x = Tensor::full({2, 70}, std::numeric_limits<float>::quiet_NaN()), .y = y};
  const ops::ReluGrad grad{.y = y, .grad_y = op.x, .grad_x = Tensor({2, 70})};
  for_each_target([&] {
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      EXPECT_EQ(y.nonzeros(), 140);
    });
    for_each_implementation(grad, [&](std::string_view name) {
      run(grad, name);
      EXPECT_EQ(grad.grad_x.nonzeros(), 140);
    });
  });
}

TEST(Relu, AThresholdCutsOffWhatIsNotAboveIt) {
  for_each_target([] {
    for (const Shape& shape : {Shape{1}, {2, 5, 3, 70}, {40, 130}, {2, 5001}}) {
      const Tensor x = random_tensor(shape, 9);
      const float threshold = std::abs(x.data<float>()[0]);  // which is not above itself
      const Tensor l0_sum{Shape{}};
      const Guarded y(shape);
      const ops::Relu op{
          .x = x, .y = y.tensor(), .sigma = kSigma, .l0_sum = l0_sum, .threshold = threshold};
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        double l0 = 0;
        for (std::int64_t i = 0; i < x.numel(); ++i) {
          const float value = x.data<float>()[i];
          const float expected = value > threshold ? value : 0;
          ASSERT_EQ(y.tensor().data<float>()[i], expected);
          l0 += reference::smooth_l0<double>(expected, kSigma);
        }
        EXPECT_NEAR(l0_sum.item(), l0, gamma(x.numel() + 8) * l0);
        expect_mask_matches(y.tensor());
        EXPECT_TRUE(y.intact());
      });
    }
  });
}

TEST(Relu, MayOverwriteItsInput) {
  const Tensor x = random_tensor({3, 100}, 2);
  for_each_implementation(ops::Relu{.x = x, .y = x}, [&](std::string_view name) {
    const Tensor y = x.clone();
    run(ops::Relu{.x = y, .y = y}, name);
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      ASSERT_EQ(y.data<float>()[i], std::max(0.0f, x.data<float>()[i]));
    }
    expect_mask_matches(y);
  });
}

TEST(Relu, MaskIsVoidOnceTheValuesAreWritten) {
  const Tensor x = random_tensor({3, 100}, 2);
  dispatch(ops::Relu{.x = x, .y = x});
  EXPECT_NE(x.zero_mask(), nullptr);
  EXPECT_NE(x.reshape({300}).zero_mask(), nullptr);
  x.mutable_data<float>()[0] = 1.0f;
  EXPECT_EQ(x.zero_mask(), nullptr);
}

TEST(Relu, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({64, 28, 28, 8}, 3);
  std::vector<double> sums;
  for_each_thread_count([&] {
    const ops::Relu op = make_relu(x, Tensor(x.shape()));
    dispatch(op);
    sums.push_back(op.l0_sum.item());
  });
  EXPECT_EQ(sums[0], sums[1]);
}

TEST(ReluGrad, EveryImplementationGivesTheDefinitionAndItsMask) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      for (const Tensor& grad_l0 :
           {Tensor(), Tensor::full(Shape{}, 0), Tensor::full(Shape{}, 0.25f)}) {
        const Tensor y(shape);
        dispatch(ops::Relu{.x = random_tensor(shape, 4), .y = y});
        const Tensor grad_y = random_tensor(shape, 5, 0.7);
        const Guarded grad_x(shape);
        const ops::ReluGrad op{.y = y,
                               .grad_y = grad_y,
                               .grad_x = grad_x.tensor(),
                               .sigma = kSigma,
                               .grad_l0 = grad_l0};
        const double factor = grad_l0 ? grad_l0.item() : 0;
        for_each_implementation(op, [&](std::string_view name) {
          run(op, name);
          for (std::int64_t i = 0; i < y.numel(); ++i) {
            const double at = y.data<float>()[i];
            const double penalty = factor * reference::smooth_l0_derivative<double>(at, kSigma);
            const double expected = at == 0 ? 0.0 : grad_y.data<float>()[i] + penalty;
            const double bound = gamma(8) * (std::abs(grad_y.data<float>()[i]) + penalty);
            ASSERT_NEAR(grad_x.tensor().data<float>()[i], expected, bound);
          }
          expect_mask_matches(grad_x.tensor());
          EXPECT_TRUE(grad_x.intact());
        });
      }
    }
  });
}

TEST(ReluGrad, DoesWithoutTheMaskWhereItMust) {
  const Tensor y({60, 72});
  dispatch(ops::Relu{.x = random_tensor(y.shape(), 6), .y = y});
  const Tensor unmasked = y.clone();
  const ops::ReluGrad op{
      .y = unmasked, .grad_y = random_tensor(y.shape(), 7), .grad_x = Tensor(y.shape())};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      ASSERT_EQ(op.grad_x.data<float>()[i],
                y.data<float>()[i] > 0 ? op.grad_y.data<float>()[i] : 0.0f);
    }
    expect_mask_matches(op.grad_x);
  });
}

TEST(ReluGrad, KeepsTheRowsOfTheMask) {
  const Tensor y({6, 4, 10});
  dispatch(ops::Relu{.x = random_tensor(y.shape(), 8), .y = y});
  const Tensor flat = y.reshape({6, 40}), grad_y = random_tensor(flat.shape(), 9);
  const ops::ReluGrad op{.y = flat, .grad_y = grad_y, .grad_x = Tensor(flat.shape())};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      ASSERT_EQ(op.grad_x.data<float>()[i], y.data<float>()[i] > 0 ? grad_y.data<float>()[i] : 0);
    }
    expect_mask_matches(op.grad_x);
  });
}

TEST(ReluGrad, MayOverwriteTheGradient) {
  const Tensor y({9, 100});
  dispatch(ops::Relu{.x = random_tensor(y.shape(), 10), .y = y});
  const ops::ReluGrad apart{
      .y = y, .grad_y = random_tensor(y.shape(), 11), .grad_x = Tensor(y.shape())};
  for_each_implementation(apart, [&](std::string_view name) {
    run(apart, name);
    const Tensor over = apart.grad_y.clone();
    run(ops::ReluGrad{.y = y, .grad_y = over, .grad_x = over}, name);
    expect_same_bits(over, apart.grad_x);
  });
}

TEST(ReluGrad, TheMaskAloneGivesWhatYGives) {
  for (const Shape& shape : kShapes) {
    const Tensor y(shape);
    dispatch(ops::Relu{.x = random_tensor(shape, 10), .y = y});
    const ops::ReluGrad by_y{.y = y, .grad_y = random_tensor(shape, 11), .grad_x = Tensor(shape)};
    ops::ReluGrad by_mask = by_y;
    by_mask.y = {};
    by_mask.y_mask = y.zero_mask();
    EXPECT_EQ(by_mask.work(), by_y.work());
    for_each_implementation(by_mask, [&](std::string_view name) {
      run(by_y, name);
      const Tensor expected = by_y.grad_x.clone();
      run(by_mask, name);
      expect_same_bits(by_mask.grad_x, expected);
      expect_mask_matches(by_mask.grad_x);
    });
  }
}

TEST(SavedRelu, BackwardOverwritesAGradientThatNothingElseSees) {
  const Tensor y({9, 100});
  dispatch(ops::Relu{.x = random_tensor(y.shape(), 10), .y = y});
  const SavedRelu saved(y, {});
  const std::vector<Tensor> grads{random_tensor(y.shape(), 11), Tensor()};
  EXPECT_TRUE(saved.backward(grads).same_storage(grads[0]));
  const Tensor seen = grads[0];
  EXPECT_FALSE(saved.backward(grads).same_storage(grads[0]));
}

TEST(SavedRelu, KeepsTheValuesOnlyForAPenalty) {
  const Tensor x = random_tensor({9, 100}, 10).set_requires_grad(), weights({9, 100});
  weights.fill(1);
  ReluOutput plain = relu_with_l0(x, {});
  EXPECT_TRUE(plain.y.unique());
  plain.y.detach().fill(3);
  plain.y.backward(weights);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    ASSERT_EQ(x.grad().data<float>()[i], x.data<float>()[i] > 0 ? 1 : 0);
  }
  ReluOutput penalised = relu_with_l0(x, kSigma);
  EXPECT_FALSE(penalised.y.unique());
  penalised.y.detach().fill(3);
  const std::string error = error_of([&] { penalised.y.backward(weights); });
  EXPECT_NE(error.find("its saved y was written over after forward"), std::string::npos) << error;
}

TEST(ReluGrad, AnInfiniteOutputHasNoPenaltyOfZero) {
  const Tensor y({1, 5});
  dispatch(ops::Relu{.x = Tensor::full({1, 5}, std::numeric_limits<float>::infinity()), .y = y});
  const ops::ReluGrad op{.y = y,
                         .grad_y = Tensor::full({1, 5}, 2),
                         .grad_x = Tensor({1, 5}),
                         .sigma = kSigma,
                         .grad_l0 = Tensor::full(Shape{}, 0)};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    for (const float value : op.grad_x.values<float>()) EXPECT_EQ(value, 2.0f);
  });
}

TEST(ReluGrad, RunsOnTheReferenceWhenTheMaskIsStale) {
  const Tensor y = Tensor::full({4}, 1.0f);
  const ops::ReluGrad op{.y = y, .grad_y = Tensor::full({4}, 2.0f), .grad_x = Tensor({4})};
  EXPECT_EQ(select(op, Context{}).name, kReference);
  dispatch(op);
  EXPECT_EQ(op.grad_x.data<float>()[3], 2.0f);
}

TEST(Relu, ErrorsNameTheOperandAndWhatWasExpected) {
  EXPECT_EQ(error_of([] {
              dispatch(ops::Relu{.x = Tensor({2, 3}), .y = Tensor({3, 2})});
            }),
            "relu: y is f32 [3,2] on cpu, x is f32 [2,3] on cpu");
  EXPECT_EQ(error_of([] {
              dispatch(ops::Relu{.x = Tensor({2}), .y = Tensor({2}), .l0_sum = Tensor(Shape{})});
            }),
            "relu: sigma must be from 1.17549e-38 to 1.1259e+15, got 0");
  for (const auto& [threshold, text] : {std::pair(-0.5f, "-0.5"), {HUGE_VALF, "inf"}}) {
    const ops::Relu op{.x = Tensor({2}), .y = Tensor({2}), .threshold = threshold};
    EXPECT_EQ(error_of([&] { dispatch(op); }),
              str("relu: threshold must be finite and not negative, got ", text));
  }
  EXPECT_EQ(error_of([] { dispatch(ops::Relu{.x = Tensor({2}, DType::i32), .y = Tensor({2})}); }),
            "relu: x must be floating-point, got i32");
}

}  // namespace
}  // namespace joule
