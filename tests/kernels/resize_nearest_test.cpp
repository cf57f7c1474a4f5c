// SPDX-License-Identifier: MIT
#include "joule/kernels/resize/resize_nearest.h"

#include <limits>
#include <numeric>

#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

struct Case {
  Shape x;
  Repeats rows, columns;
};

/// One number for all and one for each, what is left out, channels by fours and not, more rows and
/// columns than a tile of a GPU has, and no images.
std::vector<Case> cases() {
  Repeats many(300, 1), few(300, 0);
  for (std::size_t i = 0; i < many.size(); i += 7) many[i] = 3, few[i] = 1;
  return {{{2, 3, 4, 5}, {2}, {3}},          {{1, 2, 3, 8}, {1}, {1}},
          {{2, 3, 2, 4}, {0, 2, 1}, {4, 0}}, {{3, 1, 1, 1}, {5}, {2}},
          {{1, 300, 2, 1}, many, {2}},       {{1, 2, 300, 4}, {0, 1}, many},
          {{2, 300, 300, 1}, few, few},      {{1, 150, 2, 3}, {2}, {1, 300}},
          {{0, 3, 4, 2}, {2}, {1, 0, 2, 0}}, {{1, 2, 2, 0}, {2}, {2}}};
}

/// Of which row each row of the result is a copy, by counting.
std::vector<std::int64_t> sources(std::int64_t extent, const Repeats& repeats) {
  std::vector<std::int64_t> from;
  for (std::int64_t row = 0; row < extent; ++row) {
    const std::int64_t copies = repeats[repeats.size() == 1 ? 0 : static_cast<std::size_t>(row)];
    for (std::int64_t k = 0; k < copies; ++k) from.push_back(row);
  }
  return from;
}

/// body(y, x) for the indices of each element of y and of what it is a copy of.
template <class Body>
void for_each_copy(const Case& of, Body&& body) {
  const auto rows = sources(of.x[1], of.rows), columns = sources(of.x[2], of.columns);
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < of.x[0]; ++n) {
    for (const std::int64_t h : rows) {
      for (const std::int64_t w : columns) {
        for (std::int64_t c = 0; c < of.x[3]; ++c) {
          body(at++, ((n * of.x[1] + h) * of.x[2] + w) * of.x[3] + c);
        }
      }
    }
  }
}

Shape resized(const Case& of) {
  return {of.x[0], repeated("test", "rows", of.x[1], of.rows),
          repeated("test", "columns", of.x[2], of.columns), of.x[3]};
}

TEST(ResizeNearest, EveryImplementationCopiesTheNearestPixels) {
  for (const Case& of : cases()) {
    const Tensor x = random_tensor(of.x, 1);
    const Guarded y(resized(of));
    SCOPED_TRACE(str(of.x, " to ", y.tensor().shape()));
    const ops::ResizeNearest op{.x = x, .y = y.tensor(), .rows = of.rows, .columns = of.columns};
    for_each_implementation(op, [&](std::string_view name) {
      y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      for_each_copy(of, [&](std::int64_t to, std::int64_t from) {
        ASSERT_EQ(op.y.data<float>()[to], x.data<float>()[from]) << to;
      });
      EXPECT_TRUE(y.intact());
    });
  }
}

TEST(ResizeNearest, EveryGradientIsTheSumOverTheCopies) {
  for (const Case& of : cases()) {
    const Tensor grad_y = integer_tensor(resized(of), 2);  // sums of whole numbers are exact
    const Guarded grad_x(of.x);
    SCOPED_TRACE(str(of.x, " to ", grad_y.shape()));
    std::vector<float> sums(static_cast<std::size_t>(of.x.numel()), 0);
    for_each_copy(of, [&](std::int64_t from, std::int64_t to) {
      sums[static_cast<std::size_t>(to)] += grad_y.data<float>()[from];
    });
    const ops::ResizeNearestGrad op{
        .grad_y = grad_y, .grad_x = grad_x.tensor(), .rows = of.rows, .columns = of.columns};
    for_each_implementation(op, [&](std::string_view name) {
      grad_x.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      for (std::size_t i = 0; i < sums.size(); ++i) {
        ASSERT_EQ(op.grad_x.data<float>()[i], sums[i]) << i;
      }
      EXPECT_TRUE(grad_x.intact());
    });
  }
}

TEST(ResizeNearest, EveryRowAddsInTheSameOrder) {
  const Tensor grad_y = random_tensor({2, 9, 8, 5}, 3);
  const Tensor first(Shape{2, 3, 2, 5}), other(first.shape());
  const ops::ResizeNearestGrad of{
      .grad_y = grad_y, .grad_x = first, .rows = {4, 0, 5}, .columns = {3, 5}};
  run(of, kReference);
  ops::ResizeNearestGrad op = of;
  op.grad_x = other;
  for_each_thread_count([&] {
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      expect_same_bits(other, first);
    });
  });
}

TEST(ResizeNearest, HasGradients) {
  const Tensor x = random_tensor({2, 3, 2, 3}, 1);
  expect_gradients([](Inputs in) { return resize_nearest(in[0], {2}, {3}); }, {x});
  expect_gradients([](Inputs in) { return resize_nearest(in[0], {1, 0, 3}, {0, 2}); }, {x});
}

TEST(ResizeNearest, CostAndErrors) {
  const Tensor x({2, 3, 4, 5}), y({2, 6, 4, 5});
  const auto op = [&](Repeats rows, Repeats columns, const Tensor& result) {
    return ops::ResizeNearest{
        .x = x, .y = result, .rows = std::move(rows), .columns = std::move(columns)};
  };
  EXPECT_EQ(op({2}, {1}, y).work(), (Work{.bytes_read = 480, .bytes_written = 960}));
  // Of two rows and one column, 2 x 2 x 1 x 5 numbers.
  const Tensor part({2, 4, 2, 5});
  EXPECT_EQ(op({3, 0, 1}, {0, 0, 2, 0}, part).work(),
            (Work{.bytes_read = 80, .bytes_written = 320}));
  EXPECT_EQ((ops::ResizeNearestGrad{.grad_y = y, .grad_x = x, .rows = {2}, .columns = {1}}.work()),
            (Work{.bytes_read = 960, .bytes_written = 480}));
  EXPECT_EQ(error_of([&] { dispatch(op({2}, {2}, y)); }),
            "resize_nearest: y is f32 [2,6,4,5] on cpu, expected f32 [2,6,8,5] on cpu");
  EXPECT_EQ(
      error_of([&] {
        dispatch(op({1, 2}, {1}, y));
      }),
      "resize_nearest: rows: expected one number for all, or one for each of 3, got 2 numbers");
  EXPECT_EQ(
      error_of([&] { resize_nearest(x, {}, {1}); }),
      "resize_nearest: rows: expected one number for all, or one for each of 3, got 0 numbers");
  EXPECT_EQ(error_of([&] {
              resize_nearest(x, {1}, {1, 1, -1, 1});
            }),
            "resize_nearest: columns: expected from 0 to 2147483647 copies, got -1");
  EXPECT_EQ(error_of([&] { resize_nearest(x, {0}, {1}); }),
            "resize_nearest: expected from 1 to 2147483647 rows in the result, got 0");
  EXPECT_EQ(error_of([&] { resize_nearest(x, {1}, {kMostOfWindow}); }),
            "resize_nearest: expected from 1 to 2147483647 columns in the result, got 8589934588");
  EXPECT_EQ(error_of([&] {
              resize_nearest(Tensor({2, 8}), {1}, {1});
            }),
            "resize_nearest: x must have 4 dimensions, got [2,8]");
  EXPECT_EQ(
      error_of([&] {
        dispatch(ops::ResizeNearestGrad{.grad_y = x, .grad_x = x, .rows = {2}, .columns = {1}});
      }),
      "resize_nearest_grad: grad_y is f32 [2,3,4,5] on cpu, expected f32 [2,6,4,5] on cpu");
}

}  // namespace
}  // namespace joule
