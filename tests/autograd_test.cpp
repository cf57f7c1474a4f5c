// SPDX-License-Identifier: MIT
#include "core/autograd.h"

#include <optional>
#include <thread>

#include "core/gradcheck.h"
#include "tests/op_test.h"

namespace joule {
namespace {

using namespace test;

/// y = x * x, elementwise, written as a user would write a differentiable function.
Tensor square(const Tensor& x) {
  Tensor y(x.shape(), x.dtype());
  visit_float(x.dtype(), [&]<class T>(T) {
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      y.mutable_data<T>()[i] = x.data<T>()[i] * x.data<T>()[i];
    }
  });
  record("square", {x}, {&y}, [x = x.detach()](std::span<const Tensor> grads) {
    const Tensor grad_x(x.shape(), x.dtype());
    visit_float(x.dtype(), [&]<class T>(T) {
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        grad_x.mutable_data<T>()[i] = 2 * x.data<T>()[i] * grads[0].data<T>()[i];
      }
    });
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

/// (x, 2x): two outputs of one node.
std::pair<Tensor, Tensor> fork(const Tensor& x) {
  Tensor one = x.clone(), two = x.clone();
  two.fill(2 * x.item());
  record("fork", {x}, {&one, &two}, [](std::span<const Tensor> grads) {
    const double one = grads[0] ? grads[0].item() : 0, two = grads[1] ? grads[1].item() : 0;
    return std::vector<Tensor>{Tensor::full(Shape{}, static_cast<float>(one + 2 * two))};
  });
  return {one, two};
}

Tensor leaf(float value) {
  Tensor x = Tensor::full(Shape{}, value);
  x.set_requires_grad();
  return x;
}

TEST(Autograd, ChainRuleAndSumOverUses) {
  const Tensor x = leaf(3);
  const Tensor y = square(x);
  square(y).backward();  // x^4
  EXPECT_EQ(x.grad().item(), 4 * 27);
}

TEST(Autograd, GradientsOfSeveralBackwardsAddUp) {
  const Tensor x = leaf(3);
  square(x).backward();
  const Tensor first = x.grad();
  square(x).backward();
  EXPECT_EQ(x.grad().item(), 12);
  EXPECT_EQ(first.item(), 6) << "a gradient that somebody holds is not overwritten";
  x.zero_grad();
  EXPECT_FALSE(x.grad().defined());
}

TEST(Autograd, MissingOutputGradientsAreUndefined) {
  const Tensor x = leaf(3);
  fork(x).second.backward();
  EXPECT_EQ(x.grad().item(), 2);
}

TEST(Autograd, OneGradientHandedToTwoTensorsIsNotAddedInPlace) {
  const Tensor a = leaf(1), b = leaf(2);
  Tensor sum = Tensor::full(Shape{}, 3);
  record("add", {a, b}, {&sum}, [](std::span<const Tensor> grads) {
    return std::vector<Tensor>{grads[0], grads[0]};
  });
  Tensor again = sum.clone();
  record("add", {sum, a}, {&again}, [](std::span<const Tensor> grads) {
    return std::vector<Tensor>{grads[0], grads[0]};
  });
  again.backward();
  EXPECT_EQ(a.grad().item(), 2);
  EXPECT_EQ(b.grad().item(), 1);
}

TEST(Autograd, ReshapeIsDifferentiableAndSliceRefuses) {
  Tensor x = random_tensor({2, 3}, 1);
  x.set_requires_grad();
  square(x).reshape({6}).backward(Tensor::full({6}, 1));
  ASSERT_EQ(x.grad().shape(), Shape({2, 3}));
  for (std::int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(x.grad().data<float>()[i], 2 * x.data<float>()[i]);
  }
  EXPECT_EQ(error_of([&] { x.slice(0, 1); }),
            "slice: has no gradient; detach() the tensor, or use NoGrad");
  EXPECT_EQ(x.detach().slice(0, 1).shape(), Shape({1, 3}));
}

TEST(Autograd, AProducerSaysThatItIgnoresTheGradientOfZeros) {
  const Tensor x = leaf(3);
  EXPECT_FALSE(grad_unused_at_zeros(x));
  const Tensor y = square(x);
  EXPECT_FALSE(grad_unused_at_zeros(y));
  set_grad_unused_at_zeros(y);
  EXPECT_TRUE(grad_unused_at_zeros(y));
  EXPECT_TRUE(grad_unused_at_zeros(y.reshape({1, 1})));
  EXPECT_FALSE(grad_unused_at_zeros(square(y)));
  EXPECT_FALSE(grad_unused_at_zeros(y.detach()));
  EXPECT_FALSE(grad_unused_at_zeros(square(x).reshape({1, 1})));
  set_grad_unused_at_zeros(x);
  EXPECT_FALSE(grad_unused_at_zeros(x)) << "a leaf keeps its whole gradient";
  Tensor constant = square(Tensor::full(Shape{}, 3));
  set_grad_unused_at_zeros(constant);
  EXPECT_FALSE(grad_unused_at_zeros(constant.set_requires_grad()));
}

TEST(Autograd, NothingIsRecordedWithoutNeed) {
  const Tensor x = leaf(3);
  {
    const NoGrad guard;
    EXPECT_FALSE(square(x).requires_grad());
  }
  EXPECT_TRUE(square(x).requires_grad());
  EXPECT_FALSE(square(Tensor::full(Shape{}, 3)).requires_grad());
}

TEST(Autograd, TheTapeFreesWhatItHeld) {
  release_cached_memory();
  const MemoryStats before = memory_stats();
  {
    const Tensor x = leaf(3);
    Tensor y = x;
    for (int i = 0; i < 1000; ++i) y = square(y);
    y.backward();
    EXPECT_LE(memory_stats().in_use - before.in_use, 3 * 64) << "x, its gradient, y";
    square(x);  // never run
  }
  EXPECT_EQ(memory_stats().in_use, before.in_use);
}

TEST(Autograd, ObserversSeeEveryStepInOrder) {
  const Tensor x = leaf(3);
  std::vector<std::string> seen;
  {
    const auto subscription = backward_observers().add([&](const BackwardEvent& event) {
      seen.push_back(str(event.layer, ":", event.op, ":", event.grad_inputs[0].item()));
    });
    const ContextGuard guard;
    context().scope.layer = "first";
    const Tensor y = square(x);
    context().scope.layer = "second";
    square(y).backward();
  }
  square(x).backward();
  EXPECT_EQ(seen, (std::vector<std::string>{"second:square:18", "first:square:108"}));
}

TEST(Observers, MayEndTheirOwnSubscription) {
  Observers<int> observers;
  std::vector<int> told;
  std::optional<Observers<int>::Subscription> once, always;
  once.emplace(observers.add([&](int event) {
    told.push_back(event);
    once.reset();
  }));
  always.emplace(observers.add([&](int event) { told.push_back(10 * event); }));
  observers.notify(1);
  observers.notify(2);
  EXPECT_EQ(told, (std::vector<int>{1, 10, 20}));
}

TEST(Autograd, AnotherThreadMayGoOnWithTheTape) {
  const Tensor x = leaf(2);
  const Tensor y = square(square(square(x)));
  std::thread([&] { square(y).backward(); }).join();
  EXPECT_EQ(x.grad().item(), 16 * std::pow(2, 15));
}

TEST(Autograd, ErrorsSayWhatIsWrong) {
  const Tensor x = leaf(3);
  const Tensor y = square(x);
  y.backward();
  EXPECT_EQ(error_of([&] { y.backward(); }),
            "backward: square ran already; its intermediate values are gone, so call forward again "
            "first");
  EXPECT_EQ(error_of([&] { x.backward(); }),
            "backward: this tensor was not computed from anything that requires a gradient");
  Tensor wide = random_tensor({3}, 1);
  wide.set_requires_grad();
  EXPECT_EQ(error_of([&] { square(wide).backward(); }),
            "backward: a tensor [3] needs a gradient of its own shape to start from");
  EXPECT_EQ(error_of([] { Tensor({2}).set_grad(Tensor({2})); }),
            "set_grad: this tensor requires no gradient; set_requires_grad() first");
  Tensor z = square(x);
  EXPECT_EQ(error_of([&] { z.set_requires_grad(); }),
            "set_requires_grad: only leaves have a choice; detach() first");
}

TEST(Gradcheck, PassesTheRightGradientAndCatchesAWrongOne) {
  const auto right = [](std::span<const Tensor> x) { return square(x[0]); };
  const auto wrong = [](std::span<const Tensor> x) {
    Tensor y = square(x[0]).detach();
    record("wrong", {x[0]}, {&y}, [x = x[0].detach()](std::span<const Tensor> grads) {
      return std::vector<Tensor>{grads[0].clone()};
    });
    return y;
  };
  const std::vector<Tensor> inputs{random_tensor({2, 3}, 1)};
  const GradcheckResult good = gradcheck(right, inputs);
  EXPECT_TRUE(good.passed) << good.message;
  EXPECT_EQ(good.compared, 6);
  EXPECT_EQ(good.kinks, 0);
  const GradcheckResult bad = gradcheck(wrong, inputs);
  EXPECT_FALSE(bad.passed);
  EXPECT_EQ(bad.message.substr(0, 17), "input 0, element ");
}

TEST(Autograd, ALeafMayStopRequiringAGradient) {
  Tensor x = leaf(3);
  x.set_requires_grad(false);
  EXPECT_FALSE(square(x).requires_grad());
}

TEST(Autograd, BackwardRecordsNothingAndLeavesTheContext) {
  const Tensor x = leaf(3);
  Tensor y = x.clone();
  bool enabled = true;
  record("probe", {x}, {&y}, [&enabled](std::span<const Tensor> grads) {
    enabled = context().grad_enabled;
    return std::vector<Tensor>{grads[0]};
  });
  const ContextGuard guard;
  context().scope = {"outside", Phase::update};
  y.backward();
  EXPECT_FALSE(enabled);
  EXPECT_TRUE(context().grad_enabled);
  EXPECT_EQ(context().scope.layer, "outside");
  EXPECT_EQ(context().scope.phase, Phase::update);
}

TEST(Autograd, AGradientIsOverwrittenOnlyIfNobodySeesIt) {
  const Tensor mine({2});
  EXPECT_TRUE(reuse_or_allocate(mine).same_storage(mine));
  const Tensor shared = mine.detach();
  EXPECT_FALSE(reuse_or_allocate(shared).same_storage(mine));
  const Tensor seen({2});
  const auto subscription = backward_observers().add([](const BackwardEvent&) {});
  EXPECT_FALSE(reuse_or_allocate(seen).same_storage(seen));
}

TEST(Autograd, ABackwardMustGiveAGradientPerInput) {
  const Tensor x = leaf(3);
  Tensor y = x.clone();
  record("probe", {x}, {&y}, [](std::span<const Tensor>) { return std::vector<Tensor>(2); });
  EXPECT_EQ(error_of([&] { y.backward(); }), "probe: its backward gave 2 gradients for 1 inputs");
}

TEST(Gradcheck, SkipsKinksAndNeedsSomethingToCompare) {
  const auto absolute = [](std::span<const Tensor> x) {
    Tensor y = x[0].clone();
    for (std::int64_t i = 0; i < y.numel(); ++i)
      y.mutable_data<double>()[i] = std::abs(y.data<double>()[i]);
    record("absolute", {x[0]}, {&y}, [x = x[0].detach()](std::span<const Tensor> grads) {
      const Tensor grad_x = grads[0].clone();
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        if (x.data<double>()[i] < 0) grad_x.mutable_data<double>()[i] *= -1;
      }
      return std::vector<Tensor>{grad_x};
    });
    return y;
  };
  const GradcheckResult some =
      gradcheck(absolute, {Tensor::from(std::vector<float>{-1, 0, 2}, {3})});
  EXPECT_TRUE(some.passed) << some.message;
  EXPECT_EQ(some.kinks, 1);
  EXPECT_EQ(some.compared, 2);
  EXPECT_FALSE(gradcheck(absolute, {Tensor::from(std::vector<float>{0}, {1})}).passed);
}

}  // namespace
}  // namespace joule
