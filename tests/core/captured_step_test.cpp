// SPDX-License-Identifier: MIT
#include "joule/core/backend/captured_step.h"

#include <gtest/gtest.h>

#include <map>

#include "joule/core/backend/backend.h"
#include "joule/energy/ledger.h"
#include "joule/layers/containers.h"
#include "joule/layers/functions.h"
#include "joule/layers/modules.h"
#include "joule/optim/optimizers.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

TEST(CapturedStep, OnTheCpuEveryRunIsEager) {
  CapturedStep<int> step(Device::cpu, {});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(step.run([i] { return i; }), i);
  EXPECT_EQ(step.replays(), 0);
  EXPECT_EQ(step.why_not(), "on the CPU there is nothing to capture");
}

class CudaCapturedStep : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  }
};

constexpr std::int64_t kBatch = 3;

nn::Sequential make_net() {
  nn::Sequential net;
  net.add("conv1", nn::Conv2d({.in = 2, .out = 5, .padding = 1}));
  net.add("norm1", nn::BatchNorm(5));
  net.add("relu1", nn::ReLU());
  net.add("pool1", nn::MaxPool2d(2));
  net.add("dropout1", nn::Dropout(0.25f));
  net.add("flatten", nn::Flatten());
  net.add("fc", nn::Linear(5 * 3 * 3, 4));
  return net;
}

struct Images {
  Tensor images, labels;
};
Images images_of(std::uint64_t number) {
  Images batch{random_tensor({kBatch, 6, 6, 2}, number), Tensor({kBatch}, DType::i32)};
  for (std::int64_t i = 0; i < kBatch; ++i) {
    batch.labels.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>((i + number) % 4);
  }
  return {batch.images.to(Device::cuda), batch.labels.to(Device::cuda)};
}

struct Out {
  Tensor loss;
  std::shared_ptr<const ZeroMask> mask;
};

/// What a few steps of training gave: of each the loss and the ReLU's non-zeros, and at the end the
/// net's tensors.
struct Trained {
  std::vector<double> losses;
  std::vector<std::int64_t> nonzeros;
  std::map<std::string, Tensor> tensors;
  std::vector<energy::Ledger::Line> lines;
  std::int64_t replays = 0;
};

/// With another learning rate and another weight of the penalty in every step.
Trained train(bool captured, int steps) {
  manual_seed(3);
  nn::Sequential net = make_net();
  net.to(Device::cuda);
  Adam optimizer(net.parameters(), {.lr = 0.01});
  const Images there = images_of(0);
  const Tensor weight = Tensor::zeros(Shape{}, DType::f32, Device::cuda);
  CapturedStep<Out> step(Device::cuda, net.parameters());
  Trained result;
  energy::Ledger ledger;
  const auto forward_and_backward = [&] {
    auto [logits, taps] = net.forward_with_taps(there.images, {.sigma = 1e-2f});
    const Tensor penalty = scale(l0_penalty(taps, {.lambda = 1, .sigma = 1e-2f}), weight);
    Out out{.loss = add(cross_entropy(logits, there.labels), penalty),
            .mask = taps[0].value.zero_mask()};
    out.loss.backward();
    return out;
  };
  for (int i = 0; i < steps; ++i) {
    const energy::Recording recording(ledger);
    const Images next = images_of(static_cast<std::uint64_t>(i));
    there.images.copy_from(next.images);
    there.labels.copy_from(next.labels);
    weight.fill(0.01 * i);
    const Out out = captured ? step.run(forward_and_backward) : forward_and_backward();
    optimizer.set_learning_rate(0.01 / (i + 1));
    optimizer.step();
    optimizer.zero_grad();
    result.losses.push_back(out.loss.item());
    result.nonzeros.push_back(out.mask->nonzeros());
    if (i == 1 || i == 4) {  // packs the weights for itself, and draws random numbers
      const NoGrad no_grad;
      dropout(net(there.images), 0.5f);
    }
  }
  for (const auto& [name, tensor] : net.state().tensors) {
    result.tensors.emplace(name, tensor.to(Device::cpu));
  }
  result.lines = ledger.lines();
  result.replays = step.replays();
  return result;
}

TEST_F(CudaCapturedStep, TrainsAndCountsAsEagerStepsDoBitForBit) {
  const Trained eager = train(false, 8), captured = train(true, 8);
  EXPECT_EQ(captured.replays, 5);
  EXPECT_EQ(captured.losses, eager.losses);
  EXPECT_EQ(captured.nonzeros, eager.nonzeros);
  for (const auto& [name, tensor] : eager.tensors) {
    SCOPED_TRACE(name);
    expect_same_bits(captured.tensors.at(name), tensor);
  }
  ASSERT_EQ(captured.lines.size(), eager.lines.size());
  for (std::size_t i = 0; i < eager.lines.size(); ++i) {
    const energy::Ledger::Line &actual = captured.lines[i], &expected = eager.lines[i];
    SCOPED_TRACE(str(expected.run.op, " in ", expected.run.scope.layer));
    EXPECT_EQ(actual.run.op, expected.run.op);
    EXPECT_EQ(actual.run.implementation, expected.run.implementation);
    EXPECT_EQ(actual.run.scope.layer, expected.run.scope.layer);
    EXPECT_EQ(actual.calls, expected.calls);
    EXPECT_EQ(actual.work, expected.work);
    EXPECT_EQ(actual.tally.macs_skippable, expected.tally.macs_skippable);
    EXPECT_EQ(actual.tally.macs_skipped, expected.tally.macs_skipped);
    EXPECT_EQ(actual.tally.values_in, expected.tally.values_in);
    EXPECT_EQ(actual.tally.values_in_nonzero, expected.tally.values_in_nonzero);
    EXPECT_GT(actual.tally.nanoseconds, 0);
  }
}

/// y = 2x by an operation that counts nothing, or as many of them.
struct Doubling {
  Tensor x = Tensor::full({1000}, 1, Device::cuda);
  int times = 1;

  Tensor operator()() const {
    Tensor y = x;
    for (int i = 0; i < times; ++i) y = add(y, y);
    return y;
  }
};

TEST_F(CudaCapturedStep, ReplaysReadWhatLiesThereNow) {
  const Doubling twice;
  CapturedStep<Tensor> step(Device::cuda, {});
  for (int i = 0; i < 6; ++i) {
    twice.x.fill(i);
    EXPECT_EQ(step.run(twice).slice(999, 1).item(), 2.0 * i);
  }
  EXPECT_EQ(step.replays(), 3);
}

TEST_F(CudaCapturedStep, TheTimedReplaysAreSpreadAndStandForTheOthers) {
  const Doubling twice;
  CapturedStep<Tensor> step(Device::cuda, {});
  energy::Ledger ledger;
  constexpr std::int64_t kRuns = 2 * StepGraph::kTimed;
  {
    const energy::Recording recording(ledger);
    for (std::int64_t i = 0; i < kRuns; ++i) step.run(twice);
  }
  EXPECT_EQ(step.replays(), kRuns - StepGraph::kWarmUp - 1 /* captured */);
  ASSERT_EQ(ledger.lines().size(), 1u);
  EXPECT_EQ(ledger.total().calls, kRuns);
  EXPECT_GT(ledger.total().tally.nanoseconds, 0);
}

TEST_F(CudaCapturedStep, ReplaysHaveTheTimesOfTheLastThatWasTimed) {
  const Doubling twice{.times = 3};
  CapturedStep<Tensor> step(Device::cuda, {});
  std::vector<std::int64_t> times;
  for (std::int64_t i = 0; i < StepGraph::kWarmUp + 2 * StepGraph::kTimed; ++i) {
    energy::Ledger ledger;
    {
      const energy::Recording recording(ledger);
      step.run(twice);
    }
    EXPECT_EQ(ledger.total().calls, 3);
    times.push_back(ledger.total().tally.nanoseconds);
  }
  const auto of_launch = [&](std::int64_t n) {
    return times.at(static_cast<std::size_t>(StepGraph::kWarmUp + n));
  };
  for (std::int64_t n = 0; n < StepGraph::kTimed; ++n) {
    EXPECT_EQ(of_launch(n), of_launch(0)) << n;
    EXPECT_EQ(of_launch(StepGraph::kTimed + n), of_launch(StepGraph::kTimed)) << n;
  }
  EXPECT_GT(of_launch(0), 0);
  EXPECT_GT(of_launch(StepGraph::kTimed), 0);
}

TEST_F(CudaCapturedStep, CountsGoToTheLedgerThatRecords) {
  nn::Sequential net = make_net();
  net.to(Device::cuda);
  const Images there = images_of(1);
  CapturedStep<Tensor> step(Device::cuda, net.parameters());
  const auto forward = [&] { return net(there.images); };
  energy::Totals first;
  for (int i = 0; i < 8; ++i) {
    energy::Ledger ledger;
    {
      const energy::Recording recording(ledger);
      step.run(forward);
      if (i > 5) {
        ledger.reset();
        step.run(forward);
      }
    }
    const energy::Totals total = ledger.total();
    if (i == 0) first = total;
    EXPECT_EQ(total.calls, first.calls) << i;
    EXPECT_EQ(total.tally.values_in, first.tally.values_in) << i;
  }
  EXPECT_GT(first.tally.values_in, 0);
  EXPECT_EQ(step.replays(), 7);
  energy::Ledger ledgers[2];  // in turns, and nobody asks in between
  for (int i = 0; i < 4; ++i) {
    const energy::Recording recording(ledgers[i % 2]);
    step.run(forward);
  }
  for (const energy::Ledger& ledger : ledgers) {
    EXPECT_EQ(ledger.total().calls, 2 * first.calls);
    EXPECT_EQ(ledger.total().tally.values_in, 2 * first.tally.values_in);
  }
}

TEST_F(CudaCapturedStep, OtherSettingsAreAnotherGraph) {
  const Doubling twice;
  CapturedStep<Tensor> step(Device::cuda, {});
  for (int i = 0; i < 4; ++i) step.run(twice);
  EXPECT_EQ(step.replays(), 1);
  const ContextGuard guard;
  energy::Ledger ledger;
  context().sink = &ledger;
  for (int i = 0; i < 4; ++i) step.run(twice);
  EXPECT_EQ(step.replays(), 2);
  EXPECT_EQ(ledger.total().calls, 4);
}

TEST_F(CudaCapturedStep, AllMemoryIsGivenBackAlsoWhatOutlivesTheGraph) {
  const std::int64_t before = memory_stats(Device::cuda).in_use;
  {
    Tensor kept;
    {
      const Doubling twice;
      CapturedStep<Tensor> step(Device::cuda, {});
      for (int i = 0; i < 4; ++i) kept = step.run(twice);
      EXPECT_EQ(step.replays(), 1);
    }
    EXPECT_EQ(kept.slice(0, 1).item(), 2);
    EXPECT_GT(memory_stats(Device::cuda).in_use, before);
  }
  EXPECT_EQ(memory_stats(Device::cuda).in_use, before);
}

TEST_F(CudaCapturedStep, MemoryFromBeforeThatTheStepGivesBackIsThere) {
  Tensor held = Tensor::full({1000}, 1, Device::cuda);
  const std::int64_t before = memory_stats(Device::cuda).in_use;
  CapturedStep<Tensor> step(Device::cuda, {});
  for (int i = 0; i < 4; ++i) {
    step.run([&] {
      if (i == 2) held = Tensor();
      return Tensor::full({10}, 1, Device::cuda);
    });
  }
  EXPECT_LT(memory_stats(Device::cuda).in_use, before + (16 << 20));
  EXPECT_EQ(step.replays(), 1);
}

TEST_F(CudaCapturedStep, AStepThatWaitsIsNotCaptured) {
  const Doubling twice;
  CapturedStep<double> step(Device::cuda, {});
  for (int i = 0; i < 5; ++i) {
    twice.x.fill(i);
    EXPECT_EQ(step.run([&] { return twice().slice(0, 1).item(); }), 2.0 * i);
  }
  EXPECT_EQ(step.replays(), 0);
  EXPECT_EQ(step.why_not(), "the step waits for values of the device");
}

TEST_F(CudaCapturedStep, WhatCannotBeCapturedIsAnErrorAndTheDeviceWorksOn) {
  const Tensor host = Tensor::full({10}, 3);
  const Tensor there = Tensor::zeros({10}, DType::f32, Device::cuda);
  const std::vector<std::pair<std::function<void()>, std::string>> cases = {
      {[&] { there.copy_from(host); }, "cuda: captured work cannot copy from the host"},
      {[&] { there.slice(0, 1).item(); }, "cuda: captured work cannot copy to the host"},
      {[&] { synchronize(Device::cuda); }, "cuda: captured work cannot wait"},
      {[&] { settle_tallies(); }, "cuda: captured work cannot wait"},
      {[&] { throw DeviceError("of the step"); }, "of the step"}};
  for (const auto& [work, message] : cases) {
    const std::function<void()>& in_the_third = work;
    CapturedStep<int> step(Device::cuda, {});
    int runs = 0;
    const std::function<int()> only_the_third = [&] {
      there.fill(1);
      if (++runs == 3) in_the_third();
      return 0;
    };
    for (int i = 0; i < 2; ++i) step.run(only_the_third);
    EXPECT_EQ(error_of<DeviceError>([&] { step.run(only_the_third); }), message);
    there.copy_from(host);
    EXPECT_EQ(there.slice(9, 1).item(), 3);
    step.run(only_the_third);
    EXPECT_EQ(there.slice(9, 1).item(), 1) << "captured at last";
  }
}

TEST_F(CudaCapturedStep, AStepMustBeTheSameEachTime) {
  Doubling doubling;
  CapturedStep<Tensor> step(Device::cuda, {});
  energy::Ledger ledger;
  const energy::Recording recording(ledger);
  const std::function<Tensor()> more_each_time = [&] {
    ++doubling.times;
    return doubling();
  };
  for (int i = 0; i < 2; ++i) step.run(more_each_time);
  EXPECT_EQ(error_of([&] { step.run(more_each_time); }),
            "captured step: a step must be the same each time, but operation 4 was none and is add "
            "by cuda.elementwise in ");
}

TEST_F(CudaCapturedStep, AGradientFromBeforeIsAnError) {
  Tensor w = Tensor::full({2}, 1, Device::cuda);
  w.set_requires_grad();
  CapturedStep<int> step(Device::cuda, {{"w", w}});
  w.set_grad(w.clone());
  EXPECT_EQ(error_of([&] { step.run([] { return 1; }); }),
            "captured step: w has a gradient from before; zero_grad() comes first");
}

TEST_F(CudaCapturedStep, OtherGeneratorsAreRefused) {
  const Doubling twice;
  Generator own(1);
  CapturedStep<Tensor> step(Device::cuda, {});
  const std::function<Tensor()> drop = [&] { return dropout(twice(), 0.5f, own); };
  for (int i = 0; i < 2; ++i) step.run(drop);
  EXPECT_EQ(error_of([&] { step.run(drop); }),
            "dropout: a captured step draws from default_generator() only");
}

}  // namespace
}  // namespace joule
