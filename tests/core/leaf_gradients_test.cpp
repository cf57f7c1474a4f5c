// SPDX-License-Identifier: MIT
#include "joule/core/autograd/leaf_gradients.h"

#include <string>
#include <vector>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

/// a * x + b * y of scalars.
Tensor weighted(const Tensor& x, double a, const Tensor& y, double b) {
  Tensor sum = Tensor::full(Shape{}, static_cast<float>(a * x.item() + b * y.item()));
  record("weighted", {x, y}, {&sum}, [a, b](std::span<const Tensor> grads) {
    const auto times = [&](double factor) {
      return Tensor::full(Shape{}, static_cast<float>(factor * grads[0].item()));
    };
    return std::vector<Tensor>{times(a), times(b)};
  });
  return sum;
}

Tensor leaf(float value) {
  Tensor x = Tensor::full(Shape{}, value);
  x.set_requires_grad();
  return x;
}

struct Told {
  const autograd::Meta* leaf;
  double grad;
  bool already_there;
};

TEST(LeafGradients, AreToldOnceNothingIsAddedAnyMore) {
  const Tensor first = leaf(1), last = leaf(2), both = leaf(3);
  std::vector<Told> told;
  {
    const auto subscription = leaf_gradient_observers().add([&](const LeafGradientEvent& event) {
      told.push_back({event.leaf, event.grad.item(), first.grad().defined()});
    });
    const Tensor below = weighted(first, 2, both, 5);
    weighted(weighted(below, 1, both, 7), 1, last, 3).backward();
  }
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].leaf, last.meta().get());  // backward begins at the end
  EXPECT_EQ(told[0].grad, 3);
  EXPECT_EQ(told[1].leaf, first.meta().get());
  EXPECT_EQ(told[1].grad, 2);
  EXPECT_EQ(told[2].leaf, both.meta().get());  // not before its second use
  EXPECT_EQ(told[2].grad, 12);
  for (const Told& one : told) EXPECT_FALSE(one.already_there);  // leaves get them at the end
  EXPECT_EQ(both.grad().item(), 12);
  weighted(first, 1, last, 1).backward();  // after the subscription
  EXPECT_EQ(told.size(), 3u);
}

TEST(LeafGradients, OfThisBackwardAlone) {
  const Tensor x = leaf(1), y = leaf(2);
  weighted(x, 10, y, 1).backward();
  double grad = 0;
  const auto subscription = leaf_gradient_observers().add([&](const LeafGradientEvent& event) {
    if (event.leaf == x.meta().get()) grad = event.grad.item();
  });
  weighted(x, 4, y, 1).backward();
  EXPECT_EQ(grad, 4);
  EXPECT_EQ(x.grad().item(), 14);
}

TEST(LeafGradients, ALeafWithoutOneIsNotTold) {
  const Tensor x = leaf(1), y = leaf(2);
  Tensor sum = weighted(x, 1, x, 1);
  Tensor none = Tensor::full(Shape{}, 5);
  record("no gradient", {y}, {&none},
         [](std::span<const Tensor>) { return std::vector<Tensor>{Tensor()}; });
  int told = 0;
  const auto subscription = leaf_gradient_observers().add([&](const LeafGradientEvent& event) {
    ++told;
    EXPECT_EQ(event.leaf, x.meta().get());
  });
  weighted(sum, 1, none, 1).backward();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace joule
