// SPDX-License-Identifier: MIT
#include "joule/kernels/concat/concat.h"

#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

struct Case {
  std::int64_t height;  // on one thread, and on all
  std::vector<std::int64_t> channels;
};
// The last has more rows than the CUDA rows take at once.
const Case kCases[] = {{3, {3, 64, 0, 17, 130}},
                       {40, {3, 64, 0, 17, 130}},
                       {40, {4, 64, 8, 1200}},
                       {3, {8, 3}},
                       {0, {3, 4}},
                       {411, {516, 4}}};

/// Images [2,h,5,...] with the channels of the case.
std::vector<Tensor> parts(const Case& of) {
  std::vector<Tensor> xs;
  for (const std::int64_t c : of.channels) xs.push_back(random_tensor({2, of.height, 5, c}, 1 + c));
  return xs;
}

Shape shape_of_all(const Case& of) {
  return {2, of.height, 5,
          std::accumulate(of.channels.begin(), of.channels.end(), std::int64_t{0})};
}

TEST(Concat, PutsTheChannelsSideBySide) {
  for (const Case& of : kCases) {
    const std::vector<Tensor> xs = parts(of);
    const Guarded y(shape_of_all(of));
    const ops::Concat op{.xs = xs, .y = y.tensor()};
    for_each_implementation(op, [&](std::string_view name) {
      y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      const float* at = op.y.data<float>();
      for (std::int64_t row = 0; row < 2 * of.height * 5; ++row) {
        for (const Tensor& x : xs) {
          for (std::int64_t c = 0; c < x.dim(3); ++c) {
            ASSERT_EQ(*at++, x.data<float>()[row * x.dim(3) + c]);
          }
        }
      }
      EXPECT_TRUE(y.intact());
    });
  }
}

TEST(ConcatGrad, TakesThemApartAgain) {
  for (const Case& of : kCases) {
    const std::vector<Tensor> xs = parts(of);
    const Tensor y(shape_of_all(of));
    dispatch(ops::Concat{.xs = xs, .y = y});
    std::vector<Guarded> grads;
    ops::ConcatGrad op{.grad_y = y};
    for (const Tensor& x : xs) op.grad_xs.push_back(grads.emplace_back(x.shape()).tensor());
    for_each_implementation(op, [&](std::string_view name) {
      for (const Guarded& grad : grads) {
        grad.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      }
      run(op, name);
      for (std::size_t k = 0; k < xs.size(); ++k) {
        expect_same_bits(grads[k].tensor(), xs[k]);
        EXPECT_TRUE(grads[k].intact());
      }
    });
  }
}

TEST(Concat, JoinsVectorsOfOneDimension) {
  const ops::Concat op{.xs = {Tensor::full({2}, 1), Tensor::full({1}, 2)}, .y = Tensor({3})};
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    expect_same_bits(op.y, Tensor::from(std::vector<float>{1, 1, 2}, {3}));
  });
}

TEST(Concat, MovesEachElementOnce) {
  const Work work{.bytes_read = 4 * 30, .bytes_written = 4 * 30};
  const std::vector<Tensor> xs{Tensor({5, 2}), Tensor({5, 4})};
  EXPECT_EQ((ops::Concat{.xs = xs, .y = Tensor({5, 6})}.work()), work);
  EXPECT_EQ((ops::ConcatGrad{.grad_y = Tensor({5, 6}), .grad_xs = xs}.work()), work);
}

TEST(Concat, ErrorsNameTheOperandAndWhatWasExpected) {
  const Tensor x({2, 3}), y({2, 6});
  const auto concat = [&](std::vector<Tensor> xs) {
    return error_of([&] { dispatch(ops::Concat{.xs = xs, .y = y}); });
  };
  EXPECT_EQ(concat({}), "concat: expects at least one tensor");
  EXPECT_EQ(concat({x, Tensor()}), "concat: x[1] is undefined");
  EXPECT_EQ(concat({x, Tensor({3, 3})}),
            "concat: x[1] is f32 [3,3] on cpu, expected f32 [2,3] on cpu");
  EXPECT_EQ(concat({x, Tensor({2, 1, 3})}), "concat: x[1] is [2,1,3], y is [2,6]");
  EXPECT_EQ(concat({x, x, x}), "concat: y is [2,6], the xs have 9 channels in all");
  EXPECT_EQ(error_of([&] { dispatch(ops::ConcatGrad{.grad_y = y, .grad_xs = {x}}); }),
            "concat_grad: grad_y is [2,6], the grad_xs have 3 channels in all");
  EXPECT_EQ(error_of([] { dispatch(ops::Concat{.xs = {Tensor(Shape{})}, .y = Tensor(Shape{})}); }),
            "concat: y must have channels, it is a scalar");
}

}  // namespace
}  // namespace joule
