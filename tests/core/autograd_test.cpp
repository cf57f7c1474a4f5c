// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"

#include <optional>
#include <thread>

#include "joule/core/autograd/gradcheck.h"
#include "joule/tests/support/op_test.h"

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
  record("square", {x}, {&y}, [saved = Saved(x, "x")](std::span<const Tensor> grads) {
    const Tensor& x = saved.get();
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

TEST(Autograd, WhatWasSavedMustNotBeWrittenOver) {
  const std::string text =
      "square in layer first: its saved x was written over after forward (version 2, saved at 1); "
      "run backward() before the write, or write to a clone()";
  const std::vector<std::function<void(const Tensor&)>> writes{
      [](const Tensor& x) { x.fill(1000); },
      [](const Tensor& x) { x.copy_from(Tensor::full({2}, 1000)); },
      [](const Tensor& x) { *x.mutable_data<float>() = 1000; },
      [](const Tensor& x) { x.mutable_raw(); },
      [](const Tensor& x) { x.detach().fill(1000); },
      [](const Tensor& x) {
        x.detach().reshape({2, 1}).fill(1000);
      },
      [](const Tensor& x) { x.detach().slice(1, 1).fill(1000); }};
  for (std::size_t i = 0; i < writes.size(); ++i) {
    Tensor x = Tensor::full({2}, 3);
    x.set_requires_grad();
    const ContextGuard guard;
    context().scope.layer = "first";
    const Tensor y = square(x);
    writes[i](x);
    EXPECT_EQ(error_of([&] { y.backward(Tensor::full({2}, 1)); }), text) << i;
    EXPECT_FALSE(x.grad().defined());
  }
  const Tensor x = leaf(3);
  const Tensor y = square(x);
  x.clone().fill(1000);
  x.data<float>();
  y.backward();
  EXPECT_EQ(x.grad().item(), 6) << "to read, or to write elsewhere, does no harm";
  EXPECT_FALSE(Saved(Tensor(), "bias").get().defined());
}

TEST(Autograd, WhatIsConvertedMeanwhileStaysAsItWasSaved) {
  const Tensor constant = Tensor::full(Shape{}, 3), x = leaf(2);
  Tensor y = Tensor::full(Shape{}, 6);
  record("times", {x}, {&y}, [by = Saved(constant, "by")](std::span<const Tensor>) {
    return std::vector<Tensor>{by.get()};
  });
  constant.convert(DType::f64);
  constant.fill(1000);
  y.backward();
  EXPECT_EQ(x.grad().item(), 3);
}

/// x, whose backward throws as often as `failures` says.
Tensor failing(const Tensor& x, int& failures) {
  Tensor y = x.clone();
  record("failing", {x}, {&y}, [&failures](std::span<const Tensor> grads) {
    if (failures-- > 0) throw std::runtime_error("no backward today");
    return std::vector<Tensor>{grads[0]};
  });
  return y;
}

Tensor add(const Tensor& a, const Tensor& b) {
  Tensor sum = Tensor::full(Shape{}, static_cast<float>(a.item() + b.item()));
  record("add", {a, b}, {&sum}, [](std::span<const Tensor> grads) {
    return std::vector<Tensor>{grads[0], grads[0]};
  });
  return sum;
}

TEST(Autograd, ABackwardThatFailsLeavesNoGradients) {
  int none = 0, once = 1;
  const Tensor x = leaf(1), before = leaf(1);
  before.set_grad(Tensor::full(Shape{}, 5));
  const Tensor shared = failing(x, none), bad = failing(shared, once);
  const Tensor leaves = add(x, before), rest = add(shared, leaves), loss = add(bad, rest);
  // `shared` and both leaves have been handed a gradient when `bad` throws.
  EXPECT_THROW(loss.backward(), std::runtime_error);
  EXPECT_FALSE(x.grad().defined());
  EXPECT_EQ(before.grad().item(), 5) << "what was there before stays";
  shared.backward();
  EXPECT_EQ(x.grad().item(), 1);
  EXPECT_EQ(error_of([&] { loss.backward(); }),
            "backward: add ran already; its intermediate values are gone, so call forward again "
            "first");
  EXPECT_EQ(x.grad().item(), 1);
}

TEST(Autograd, AnObserverThatThrowsLeavesNoGradients) {
  const Tensor x = leaf(1);
  int none = 0;
  const Tensor shared = failing(x, none);
  {
    const auto subscription = backward_observers().add([](const BackwardEvent& event) {
      if (event.op == "square") throw std::runtime_error("I have seen enough");
    });
    const Tensor squared = square(shared), rest = add(shared, x);
    EXPECT_THROW(add(squared, rest).backward(), std::runtime_error);
  }
  EXPECT_FALSE(x.grad().defined());
  shared.backward();
  EXPECT_EQ(x.grad().item(), 1);
}

TEST(Autograd, ALeafsGradientIsThatBeforePlusTheSumOfThisBackward) {
  // In float the order shows: (2^24 + 1) + 1 is 2^24.
  const Tensor x = leaf(1);
  x.set_grad(Tensor::full(Shape{}, 0x1p24f));
  add(x, x).backward();
  EXPECT_EQ(x.grad().item(), 0x1p24 + 2);
}

TEST(Autograd, ATapeOfAnyLengthIsRunAndFreed) {
  constexpr int kLong = 200000;
  const auto grown = [](const Tensor& x) {
    const Tensor one = Tensor::full(Shape{}, 1);
    Tensor y = x;
    for (int i = 0; i < kLong; ++i) {
      Tensor next = one;
      next = next.detach();
      // The closure holds its input with all that is behind it, as a user's may.
      record("add", {y}, {&next},
             [y](std::span<const Tensor> grads) { return std::vector<Tensor>{grads[0]}; });
      y = next;
    }
    return y;
  };
  const Tensor x = leaf(1);
  grown(x);  // dropped
  EXPECT_FALSE(x.grad().defined());
  grown(x).backward();
  EXPECT_EQ(x.grad().item(), 1);
  x.zero_grad();
  Tensor diamonds = x;
  for (int i = 0; i < 1000; ++i) diamonds = add(diamonds, diamonds);
  diamonds = Tensor();
  std::vector<Tensor> wide(100000, x);
  Tensor y = x.clone();
  record("gather", wide, {&y},
         [](std::span<const Tensor> grads) { return std::vector<Tensor>(100000, grads[0]); });
  y.backward();
  EXPECT_EQ(x.grad().item(), 100000);
}

TEST(Autograd, GradientsMustBeLikeTheirTensors) {
  Tensor x({2}), labels({2}, DType::i32);
  x.set_requires_grad();
  EXPECT_EQ(error_of([&] { x.set_grad(Tensor({3})); }), "set_grad: gradient [3] for a tensor [2]");
  EXPECT_EQ(error_of([&] { x.set_grad(Tensor({2}, DType::f64)); }),
            "set_grad: gradient of f64 on cpu for a tensor of f32 on cpu");
  EXPECT_EQ(error_of([&] { labels.set_requires_grad(); }),
            "set_requires_grad: only floating-point tensors have gradients, this is i32");
  EXPECT_EQ(error_of([&] { square(x).backward(Tensor({2}, DType::f64)); }),
            "backward: a tensor of f32 on cpu got a gradient of f64 on cpu to start from");
  for (const Tensor& wrong : {Tensor({3}), Tensor({2}, DType::f64), Tensor({1, 2})}) {
    Tensor y = x.detach().clone();
    record("probe", {Tensor({5}), x}, {&y}, [wrong](std::span<const Tensor>) {
      return std::vector<Tensor>{Tensor({7}), wrong};
    });
    EXPECT_EQ(error_of([&] { y.backward(Tensor({2})); }),
              str("probe: its backward gave input 1 a gradient that is ", wrong.dtype(), " ",
                  wrong.shape(), " on cpu, the input is f32 [2] on cpu"));
    EXPECT_FALSE(x.grad().defined());
  }
}

TEST(Autograd, ALeafIsConvertedWithItsTapeButNothingThatWasComputed) {
  const Tensor x = leaf(3);
  const Tensor y = square(x);
  EXPECT_EQ(error_of([&] { y.convert(DType::f64); }),
            "convert: this was computed on the tape; detach() it first");
  x.convert(DType::f64);
  EXPECT_EQ(error_of([&] { y.backward(); }),
            "square: its backward gave input 0 a gradient that is f32 [] on cpu, the input is f64 "
            "[] on cpu");
  square(x).backward();
  EXPECT_EQ(x.grad().dtype(), DType::f64);
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
