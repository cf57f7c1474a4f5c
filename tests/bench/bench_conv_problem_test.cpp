// SPDX-License-Identifier: MIT
#include "joule/bench/conv/conv_problem.h"

#include "joule/tests/support/op_test.h"

namespace joule::bench {
namespace {

TEST(ConvProblem, IsThreeByThreeUnlessItSaysOtherwise) {
  const auto problems = parse_conv_problems("64x128x56", 16);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].name, "64x128x56");
  EXPECT_EQ(problems[0].x, (Shape{16, 56, 56, 64}));
  EXPECT_EQ(problems[0].weight, (Shape{128, 3, 3, 64}));
  EXPECT_EQ(problems[0].params.stride, Size2(1));
  EXPECT_EQ(problems[0].params.padding, Size2(1));
}

TEST(ConvProblem, HasAKernelAndAStride) {
  const auto problems = parse_conv_problems("3x64x224:7x7/2,8x16x5:1x1,8x16x6:1x4", 2);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].weight, (Shape{64, 7, 7, 3}));
  EXPECT_EQ(problems[0].params.stride, Size2(2));
  EXPECT_EQ(problems[0].params.padding, Size2(3));
  EXPECT_EQ(problems[1].weight, (Shape{16, 1, 1, 8}));
  EXPECT_EQ(problems[1].params.padding, Size2(0));
  EXPECT_EQ(problems[2].weight, (Shape{16, 1, 4, 8}));
  EXPECT_EQ(problems[2].params.padding, Size2(0, 2));
}

TEST(ConvProblem, RefusesWhatIsNoShape) {
  for (const char* bad : {"", "64", "64x128", "64x128x56x3", "64x128x", "0x128x56", "64x-1x56",
                          "64x128x56:3", "64x128x56:3x3/", "64x128x56:3x3/0", "64x128x56 ",
                          "64x128x56:3x3/1/1", "99999999999999999999x1x1", "2000000x1x1"}) {
    SCOPED_TRACE(bad);
    EXPECT_EQ(test::error_of([&] { parse_conv_problems(str("1x1x1,", bad), 1); }),
              str("--shapes: expected INxOUTxSIZE[:KxK[/STRIDE]] such as 64x128x56:3x3/1, got '",
                  bad, "'"));
  }
  EXPECT_EQ(test::error_of([] { parse_conv_problems("1x1x1", 0); }),
            "--batch: expected at least 1, got 0");
  EXPECT_EQ(test::error_of([] { parse_conv_problems("1x1x1", (1 << 20) + 1); }),
            "--batch: expected at most 1048576, got 1048577");
}

TEST(ConvProblem, DensitiesAreShares) {
  EXPECT_EQ(parse_densities("1,.5,0.05"), (std::vector<double>{1, 0.5, 0.05}));
  for (const char* bad : {"", "0", "1.5", "-.5", "x", "nan", ".5x", "50%"}) {
    EXPECT_EQ(test::error_of([&] { parse_densities(str("1,", bad)); }),
              str("--density: expected a number in (0, 1], got '", bad, "'"));
  }
  EXPECT_EQ(test::error_of([] { parse_densities(".5,1,0.50"); }), "--density: 0.50 is given twice");
}

TEST(ConvProblem, PassesHaveNames) {
  const auto passes = parse_passes("step,forward,grad-input-masked,grad-input,grad-weight");
  EXPECT_EQ(passes, (std::vector{Pass::step, Pass::forward, Pass::grad_input_masked,
                                 Pass::grad_input, Pass::grad_weight}));
  EXPECT_EQ(name(Pass::grad_weight), "grad-weight");
  EXPECT_EQ(test::error_of([] { parse_passes("backward"); }),
            "--passes: expected forward, grad-weight, grad-input, grad-input-masked or step, got "
            "'backward'");
  EXPECT_EQ(test::error_of([] { parse_passes("step,step"); }), "--passes: step is given twice");
}

}  // namespace
}  // namespace joule::bench
