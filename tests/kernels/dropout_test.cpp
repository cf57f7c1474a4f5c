// SPDX-License-Identifier: MIT
#include "joule/kernels/dropout/dropout.h"

#include <limits>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

const Shape kShapes[] = {{1},       {3, 5}, {2, 3, 3, 64}, {2, 5, 3, 70}, {300, 17},
                         {2, 2600}, {0, 8}, {3, 0},        {2, 5000}};

TEST(Dropout, EveryImplementationGivesTheDefinitionAndItsMask) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      for (const float probability : {0.0f, 0.3f, 0.5f, 0.9f, 1.0f}) {
        // The second state runs over the 32 bits of the counter's lower word.
        for (const RandomState random : {RandomState{7, 0}, RandomState{1ull << 40, 0xFFFFFFF3}}) {
          const Tensor x = random_tensor(shape, 1, 0.8);
          const Guarded y(shape);
          const ops::Dropout op{
              .x = x, .y = y.tensor(), .probability = probability, .random = random};
          for_each_implementation(op, [&](std::string_view name) {
            y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
            run(op, name);
            const float scale = 1 / (1 - probability);  // of p = 1: nothing is kept
            for (std::int64_t i = 0; i < x.numel(); ++i) {
              const auto counter = random.next + static_cast<std::uint64_t>(i / 4);
              const bool keep =
                  to_uniform(philox(random.seed, counter)[static_cast<std::size_t>(i % 4)]) >=
                  probability;
              ASSERT_EQ(y.tensor().data<float>()[i], keep ? x.data<float>()[i] * scale : 0.0f) << i;
            }
            expect_mask_matches(y.tensor());
            EXPECT_TRUE(y.intact());
          });
        }
      }
    }
  });
}

TEST(Dropout, KeepsAnElementWhoseNumberIsExactlyTheProbability) {
  const Tensor x = Tensor::full({64}, 1.0f);
  const RandomState random{7, 0};
  const float exactly = to_uniform(philox(7, 0)[1]);
  const ops::Dropout op{.x = x, .y = Tensor({64}), .probability = exactly, .random = random};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    EXPECT_NE(op.y.data<float>()[1], 0.0f);
  });
}

TEST(Dropout, KeepsTheShareAndTheMeanThatItPromises) {
  const std::int64_t n = 1 << 16;
  const Tensor y({n});
  dispatch(
      ops::Dropout{.x = Tensor::full({n}, 1.0f), .y = y, .probability = 0.25f, .random = {3, 100}});
  double mean = 0;
  for (const float value : y.values<float>()) mean += value / static_cast<double>(n);
  const double deviation = std::sqrt(0.25 / 0.75 / static_cast<double>(n));
  EXPECT_NEAR(mean, 1.0, 4 * deviation);
  EXPECT_NEAR(y.density(), 0.75, 4 * 0.75 * deviation);
}

TEST(Dropout, MayOverwriteItsInputAndTheGradientDropsTheSame) {
  const RandomState random{5, 9};
  const Tensor x = random_tensor({64, 100}, 2), y(x.shape());
  dispatch(ops::Dropout{.x = x, .y = y, .random = random});
  const Tensor grad = Tensor::full(x.shape(), 1.0f);
  dispatch(ops::Dropout{.x = grad, .y = grad, .random = random});
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    ASSERT_EQ(y.data<float>()[i], x.data<float>()[i] * grad.data<float>()[i]);
  }
}

TEST(Dropout, DropsNanAndKeepsNan) {
  const Tensor x = Tensor::full({4, 100}, std::numeric_limits<float>::quiet_NaN());
  const ops::Dropout op{.x = x, .y = Tensor(x.shape())};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    std::int64_t dropped = 0;
    for (const float value : op.y.values<float>()) {
      EXPECT_TRUE(std::isnan(value) || value == 0.0f) << value;
      dropped += value == 0.0f;
    }
    expect_mask_matches(op.y);
    EXPECT_GT(dropped, 100);
    EXPECT_LT(dropped, 300);
  });
}

TEST(Dropout, OfProbabilityOneLeavesNothing) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::from(std::vector<float>{1, -2, inf, std::nanf(""), 3e38f}, {5});
  const ops::Dropout op{.x = x, .y = Tensor({5}), .probability = 1, .random = {1, 2}};
  for_each_implementation(op, [&](std::string_view name) {
    op.y.fill(7);
    run(op, name);
    expect_same_bits(op.y, Tensor::zeros({5}));
    expect_mask_matches(op.y);
  });
}

TEST(Dropout, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({512, 130}, 3);
  std::vector<Tensor> results;
  for_each_thread_count([&] {
    results.push_back(Tensor(x.shape()));
    dispatch(ops::Dropout{.x = x, .y = results.back(), .random = {1, 2}});
    expect_mask_matches(results.back());
  });
  expect_same_bits(results[1], results[0]);
}

TEST(Dropout, RunsInDoubleOnTheReference) {
  const Tensor x = random_tensor({5, 7}, 4), y(x.shape());
  const Tensor x64 = x.to(DType::f64), y64(x.shape(), DType::f64);
  dispatch(ops::Dropout{.x = x, .y = y, .probability = 0.75f});
  dispatch(ops::Dropout{.x = x64, .y = y64, .probability = 0.75f});
  expect_same_bits(y64.to(DType::f32), y);  // times 4: exact in both
}

TEST(Dropout, ErrorsSayWhatWasExpected) {
  const Tensor x({2});
  EXPECT_EQ(error_of([&] { dispatch(ops::Dropout{.x = x, .y = x, .probability = 1.5f}); }),
            "dropout: probability must be in [0, 1], got 1.5");
  EXPECT_EQ(error_of([&] { dispatch(ops::Dropout{.x = x, .y = x, .probability = -0.5f}); }),
            "dropout: probability must be in [0, 1], got -0.5");
  EXPECT_EQ(error_of([&] { dispatch(ops::Dropout{.x = x, .y = Tensor({3})}); }),
            "dropout: y is f32 [3] on cpu, x is f32 [2] on cpu");
}

TEST(Dropout, WorkIsEachOperandOnce) {
  const Tensor x({8, 8});
  EXPECT_EQ((ops::Dropout{.x = x, .y = x}.work()),
            (Work{.bytes_read = 256, .bytes_written = 256 + 8}));
}

}  // namespace
}  // namespace joule
