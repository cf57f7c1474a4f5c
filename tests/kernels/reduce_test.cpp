// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>

#include "joule/kernels/reduce/sum.h"
#include "joule/kernels/reduce/sum_reference.h"
#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

struct Case {
  Shape x, y;
  int first, last;
};
const Case kCases[] = {
    {{}, {}, 0, 0},
    {{7}, {}, 0, 1},
    {{5000}, {1}, 0, 1},
    {{3, 5, 7}, {3, 7}, 1, 2},
    {{3, 5, 7}, {3, 1, 7}, 1, 2},
    {{2, 9, 11, 16}, {2, 16}, 1, 3},
    {{2, 30, 30, 5}, {2, 1, 1, 5}, 1, 3},
    {{2, 30, 30, 5}, {5}, 0, 3},
    {{100, 33}, {100}, 1, 2},
    {{70, 3, 5}, {70, 5}, 1, 2},
    {{300, 40}, {40}, 0, 1},
    {{3, 0, 4}, {3, 4}, 1, 2},
    {{0, 4}, {4}, 0, 1},
    {{0, 4}, {0}, 1, 2},
    {{4, 5}, {4, 5}, 1, 1},
};

TEST(Sum, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Case& of : kCases) {
      SCOPED_TRACE(str(of.x, " over ", of.first, " to ", of.last));
      const Tensor x = random_tensor(of.x, 1);
      const Guarded y(of.y);
      const ops::Sum op{
          .x = x, .y = y.tensor(), .first = of.first, .last = of.last, .factor = 0.25};
      const ops::Sum exact{.x = to64(x),
                           .y = Tensor(of.y, DType::f64),
                           .first = of.first,
                           .last = of.last,
                           .factor = 0.25};
      run(exact, kReference);
      const ops::Sum magnitude{.x = absolute(x),
                               .y = Tensor(of.y, DType::f64),
                               .first = of.first,
                               .last = of.last,
                               .factor = 0.25};
      run(magnitude, kReference);
      for_each_implementation(op, [&](std::string_view name) {
        y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
        run(op, name);
        expect_within(op.y, exact.y, bound(magnitude.y, 2));  // in double, and rounded at the end
        EXPECT_TRUE(y.intact());
      });
    }
  });
}

TEST(Sum, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({3, 100, 100, 7}, 1);
  std::vector<Tensor> sums;
  for_each_thread_count([&] {
    sums.push_back(Tensor({3, 7}));
    dispatch(ops::Sum{.x = x, .y = sums.back(), .first = 1, .last = 3});
  });
  expect_same_bits(sums[0], sums[1]);
}

TEST(SumGrad, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Case& of : kCases) {
      SCOPED_TRACE(str(of.x, " over ", of.first, " to ", of.last));
      const Tensor grad_y = random_tensor(of.y, 2), expected(of.x);
      const Guarded grad_x(of.x);
      const ops::SumGrad op{.grad_y = grad_y,
                            .grad_x = grad_x.tensor(),
                            .first = of.first,
                            .last = of.last,
                            .factor = 0.25};
      std::int64_t extents[] = {1, 1, 1};
      for (int d = 0; d < of.x.rank(); ++d) {
        extents[d < of.first ? 0 : d < of.last ? 1 : 2] *= of.x[d];
      }
      reference::sum_grad(extents[0], extents[1], extents[2], grad_y.data<float>(), 0.25,
                          expected.mutable_data<float>());
      for_each_implementation(op, [&](std::string_view name) {
        grad_x.tensor().fill(std::numeric_limits<double>::quiet_NaN());
        run(op, name);
        expect_same_bits(op.grad_x, expected);
        EXPECT_TRUE(grad_x.intact());
      });
    }
  });
}

TEST(Sum, ReadsAllAndWritesTheSums) {
  const Tensor x({2, 3, 4}), y({2, 4});
  EXPECT_EQ((ops::Sum{.x = x, .y = y, .first = 1, .last = 2}.work()),
            (Work{.bytes_read = 96, .bytes_written = 32}));
  EXPECT_EQ((ops::SumGrad{.grad_y = y, .grad_x = x, .first = 1, .last = 2}.work()),
            (Work{.bytes_read = 32, .bytes_written = 96}));
}

TEST(SumFunctions, GiveWhatIsCountedByHand) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2});
  EXPECT_EQ(sum(x).item(), 36);
  EXPECT_EQ(mean(x).item(), 4.5);
  EXPECT_EQ(sum(x, {0, 2}).shape(), (Shape{2}));
  EXPECT_EQ(sum(x, {0, 2}).data<float>()[0], 1 + 2 + 5 + 6);
  EXPECT_EQ(mean(x, {0, -1}, true).shape(), (Shape{1, 2, 1}));
  EXPECT_EQ(mean(x, {0, -1}, true).data<float>()[1], (3 + 4 + 7 + 8) / 4.0f);
  EXPECT_EQ(sum_to(x, {2, 1}, -1).data<float>()[1], -(3 + 4 + 7 + 8.0f));
  EXPECT_EQ(sum(x, {}).raw(), x.raw());
  EXPECT_TRUE(std::isnan(mean(Tensor(Shape{0})).item()));
}

TEST(SumFunctions, HaveGradients) {
  const Tensor x = random_tensor({2, 3, 4, 2}, 1);
  expect_gradients([](Inputs in) { return sum(in[0]); }, {x});
  expect_gradients([](Inputs in) { return mean(in[0]); }, {x});
  for (const std::vector<int>& dims : {std::vector{1, 2}, {0, 2}, {3}, {0, 1, 3}}) {
    expect_gradients([&](Inputs in) { return mean(in[0], dims); }, {x});
    expect_gradients([&](Inputs in) { return sum(in[0], dims, true); }, {x});
  }
  expect_gradients([](Inputs in) { return sum_to(in[0], {3, 1, 2}, 3); }, {x});
}

TEST(SumFunctions, ErrorsNameTheDimension) {
  const Tensor x({2, 3});
  EXPECT_EQ(error_of([&] { sum(x, {2}); }), "sum: x is [2,3], it has no dimension 2");
  EXPECT_EQ(error_of([&] { mean(x, {-3}); }), "mean: x is [2,3], it has no dimension -3");
  EXPECT_EQ(error_of([&] { sum(x, {1, -1}); }), "sum: dimension -1 is named twice");
  EXPECT_EQ(error_of([&] { sum(Tensor()); }), "sum: x is undefined");
  EXPECT_EQ(error_of([&] { sum_to(x, {3, 1}); }), "sum_to: x is [2,3], it cannot become [3,1]");
  EXPECT_EQ(error_of([&] { dispatch(ops::Sum{.x = x, .y = Tensor({3}), .first = 1, .last = 2}); }),
            "sum: y is f32 [3] on cpu, expected f32 [2] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(ops::Sum{.x = x, .y = Tensor({2}), .first = 1, .last = 3}); }),
            "sum: x is [2,3], it has no dimensions from 1 to before 3");
}

}  // namespace
}  // namespace joule
