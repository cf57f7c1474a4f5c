// SPDX-License-Identifier: MIT
#include "joule/bench/contest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "joule/bench/peer.h"
#include "joule/data/synthetic.h"
#include "joule/kernels/this_machine.h"
#include "joule/tests/support/op_test.h"

namespace joule::bench {
namespace {

const ConvProblem kProblem = parse_conv_problems("5x8x7", 3)[0];

ConvOperands operands(double density = 0.5) {
  Generator generator(1);
  return random_operands(kProblem, {.x = density, .grad_y = density}, generator);
}

/// What the definition makes of the operands, in double.
std::vector<Tensor> truth(Pass pass, const ConvOperands& o) {
  Context ctx{.force = kReference};
  if (pass == Pass::forward || pass == Pass::step) dispatch(o.forward(), ctx);
  if (pass == Pass::grad_weight || pass == Pass::step) dispatch(o.grad_weight_of(), ctx);
  if (pass == Pass::grad_input || pass == Pass::step) dispatch(o.grad_input(), ctx);
  if (pass == Pass::forward) return {o.y.clone()};
  if (pass == Pass::grad_weight) return {o.grad_weight.clone()};
  if (pass == Pass::grad_input) return {o.grad_x.clone()};
  if (pass == Pass::grad_input_masked) {
    dispatch(o.grad_input(), ctx);
    const Tensor grad_x = o.grad_x.clone();
    float* const values = grad_x.mutable_data<float>();
    const auto x = o.x.values<float>();
    for (std::size_t i = 0; i < x.size(); ++i) values[i] = x[i] == 0 ? 0 : values[i];
    return {grad_x};
  }
  return {o.y.clone(), o.grad_weight.clone(), o.grad_x.clone()};
}

TEST(RandomOperands, HaveZerosWhereTheirMasksSay) {
  for (const double density : {1.0, 0.5, 0.1}) {
    const ConvOperands o = operands(density);
    for (const Tensor& t : {o.x, o.grad_y}) {
      ASSERT_NE(t.zero_mask(), nullptr);
      EXPECT_EQ(t.nonzeros(), t.clone().nonzeros()) << "clone() has no mask: it counts";
      const double deviation = std::sqrt(density * (1 - density) / static_cast<double>(t.numel()));
      EXPECT_NEAR(t.density(), density, 5 * deviation);
    }
  }
  EXPECT_GT(*std::ranges::max_element(operands().x.values<float>()), 0.9f);
  EXPECT_LT(*std::ranges::min_element(operands().grad_y.values<float>()), -0.9f);
}

TEST(Contest, EverybodyComputesWhatTheDefinitionSays) {
  for (const Pass pass : kPasses) {
    SCOPED_TRACE(std::string(name(pass)));
    const ConvOperands o = operands();
    const auto expected = truth(pass, o);
    const Contest all = contest(pass, o);
    EXPECT_GE(all.contestants.size(), 2u);
    for (const Contestant& c : all.contestants) {
      SCOPED_TRACE(c.name);
      for (const Tensor& output : {o.y, o.grad_weight, o.grad_x}) output.fill(7);
      c.run();
      EXPECT_LT(relative_difference(c.results(), expected), 1e-5);
    }
  }
}

TEST(Contest, RunsEveryRowThatCanOrSaysWhyNot) {
  const Contest all = contest(Pass::forward, operands());
  for (const auto& row : ops::Conv2d::implementations()) {
    const ops::Conv2d op = operands().forward();
    const char* const why = cannot_run(row, op, Context{});
    const auto found = std::ranges::find(all.contestants, row.name, &Contestant::name);
    const auto runs = std::ranges::count(all.contestants, row.name, &Contestant::name);
    const auto omitted = std::ranges::find(all.omitted, row.name, &Omitted::name);
    if (row.device != Device::cpu) {  // not a contestant on this machine's tensors
      EXPECT_EQ(runs, 0);
      EXPECT_EQ(omitted, all.omitted.end());
    } else if (row.name == kReference) {
      EXPECT_EQ(runs, 0);
      EXPECT_EQ(omitted->reason, "the definition, not a kernel");
    } else if (why) {
      EXPECT_EQ(runs, 0);
      ASSERT_NE(omitted, all.omitted.end());
      EXPECT_EQ(omitted->reason, str("conv2d: ", why));
    } else {
      EXPECT_EQ(runs, 1) << row.name;
      const char* const slower = passed_over(row, op, Context{});
      EXPECT_EQ(found->passed_over, slower ? str("conv2d: ", slower) : "");
      EXPECT_EQ(omitted, all.omitted.end());
    }
  }
}

TEST(Contest, NamesWhatJouleChooses) {
  const ConvOperands o = operands();
  const Contest all = contest(Pass::step, o);
  EXPECT_EQ(all.contestants[0].name, "joule");
  EXPECT_EQ(all.contestants[0].ran, str(select(o.forward(), Context{}).name, ", ",
                                        select(o.grad_weight_of(), Context{}).name, ", ",
                                        select(o.grad_input(), Context{}).name));
  const std::int64_t macs = o.forward().work().macs;
  EXPECT_EQ(all.work.macs, 3 * macs);
}

TEST(Contest, LeavesOutAPinThatCannotRun) {
  force_implementation("conv2d", "no_such_row");
  const Contest all = contest(Pass::forward, operands());
  force_implementation("conv2d", "");
  EXPECT_EQ(std::ranges::count(all.contestants, "joule", &Contestant::name), 0);
  const auto omitted = std::ranges::find(all.omitted, "joule", &Omitted::name);
  ASSERT_NE(omitted, all.omitted.end());
  EXPECT_TRUE(omitted->reason.starts_with("conv2d: no implementation named no_such_row"));
}

TEST(Contest, KeepsMasksButNothingDerivedFromRunToRun) {
  const ConvOperands o = operands();
  const auto made = [](const Tensor& t) {
    bool anew = false;
    t.derived<int>("test", [&] { return anew = true, std::make_shared<int>(1); });
    return anew;
  };
  for (const Contestant& c : contest(Pass::step, o).contestants) {
    if (c.kind == Kind::direct || c.kind == Kind::automatic) continue;
    SCOPED_TRACE(c.name);
    for (const Tensor& t : {o.x, o.grad_y}) {
      made(t);
      EXPECT_FALSE(made(t));
      const auto mask = t.zero_mask();
      const float first = t.values<float>()[0];
      c.prepare();
      EXPECT_TRUE(made(t));
      EXPECT_NE(mask, nullptr);
      EXPECT_EQ(t.zero_mask(), mask);
      EXPECT_EQ(t.values<float>()[0], first);
    }
  }
}

TEST(Contest, CountsWhatIsExecuted) {
  for (const Pass pass : kPasses) {
    const ConvOperands o = operands();
    const Contest all = contest(pass, o);
    for (const Contestant& c : all.contestants) {
      const bool peer = c.kind == Kind::direct || c.kind == Kind::automatic;
      ASSERT_EQ(c.count_macs == nullptr, peer) << c.name;
      if (peer) continue;
      const std::int64_t macs = c.count_macs();
      EXPECT_LE(macs, all.work.macs);
      EXPECT_GT(macs, 0);
      if (c.name == "cpu.direct") {
        EXPECT_EQ(macs, all.work.macs);
      }
      if (c.name == "cpu.skip_unwanted") {
        EXPECT_EQ(pass, Pass::grad_input_masked);
        EXPECT_LT(macs, all.work.macs);
      }
    }
  }
}

TEST(Contest, HasOneDnnWhereItIsLinked) {
  const auto peers = onednn_peers(Pass::forward, operands());
  ASSERT_EQ(peers.size(), this_machine().onednn.empty() ? 0u : 3u);
  if (peers.empty()) GTEST_SKIP() << "this build has no oneDNN";
  EXPECT_TRUE(peers[0].direct);
  EXPECT_TRUE(peers[1].direct);
  EXPECT_FALSE(peers[2].direct);
  EXPECT_FALSE(peers[0].kernel.empty());
}

TEST(Contest, OneDnnRunsWithTheThreadsThatItWasMadeFor) {
  const std::vector<Peer> peers = onednn_peers(Pass::forward, operands());
  if (peers.empty()) GTEST_SKIP() << "this build has no oneDNN";
  const int before = num_threads();
  set_num_threads(before == 1 ? 2 : 1);
  if (num_threads() != before) {  // not under OMP_THREAD_LIMIT=1
    EXPECT_EQ(test::error_of([&] { peers[0].run(); }),
              str("oneDNN: made for ", before, " threads, run with ", num_threads()));
  }
  set_num_threads(before);
  peers[0].run();
}

TEST(Contest, OneDnnStaysInBoundsForStridedPointwiseGradientsOfFewChannels) {
  Generator generator(1);
  const ConvOperands o =
      random_operands(parse_conv_problems("9x32x14:1x1/2", 5)[0], {.x = 1, .grad_y = 1}, generator);
  for (const Pass pass : {Pass::grad_weight, Pass::step}) {
    for (const Peer& peer : onednn_peers(pass, o)) {
      SCOPED_TRACE(peer.name);
      EXPECT_NE(peer.name, "oneDNN direct, nhwc");
      peer.run();
      EXPECT_LT(relative_difference(peer.results(), truth(pass, o)), 1e-5);
    }
  }
}

TEST(Race, GivesEverybodyTheSameNumberOfTurnsInRandomOrder) {
  std::string turns;
  int prepared = 0;
  const std::vector<Turn> bodies{{[&] { turns += 'a'; }},
                                 {[&] { turns += 'b'; }, [&] { ++prepared; }},
                                 {[&] { turns += 'c'; }}};
  Generator generator(1);
  const auto times = race(bodies, 20, generator, [&] { turns += '|'; });
  ASSERT_EQ(times.size(), 3u);
  for (const auto& one : times) {
    EXPECT_EQ(one.size(), 20u);
    for (const double seconds : one) EXPECT_GE(seconds, 0);
  }
  std::set<std::string> orders;
  for (std::size_t at = 0; at < turns.size(); at += 4) {
    EXPECT_EQ(turns[at], '|');
    std::string order = turns.substr(at + 1, 3);
    orders.insert(order);
    std::ranges::sort(order);
    EXPECT_EQ(order, "abc");
  }
  EXPECT_GT(orders.size(), 3u);
  EXPECT_EQ(prepared, 20);
  EXPECT_EQ(test::error_of([&] { race(bodies, 0, generator); }),
            "--rounds: expected at least 1, got 0");
}

TEST(RelativeDifference, IsOfTheLargestValue) {
  const auto tensor = [](std::vector<float> values) {
    return Tensor::from(std::span<const float>(values), {static_cast<std::int64_t>(values.size())});
  };
  EXPECT_EQ(relative_difference({tensor({1, -4})}, {tensor({1.5, -4})}), 0.125);
  EXPECT_EQ(relative_difference({tensor({0, 0})}, {tensor({0, 0})}), 0);
  EXPECT_EQ(relative_difference({tensor({1}), tensor({2})}, {tensor({1}), tensor({4})}), 0.5);
  EXPECT_EQ(relative_difference({tensor({std::numeric_limits<float>::quiet_NaN()})}, {tensor({1})}),
            std::numeric_limits<double>::infinity());
}

TEST(RealOperands, AreThoseOfATrainingStep) {
  manual_seed(1);
  const DataSplit data = make_synthetic({.train = 20, .test = 10, .size = 12});
  auto model = training::make_model_for("small-cnn", "synthetic", data.train);
  const DataLoader loader(data.train, {.batch = 4, .shuffle = false});
  const std::vector<std::int64_t> first{0, 1, 2, 3};
  const Batch batch = loader.make_batch(first);
  const auto all = real_operands(model, batch);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_FALSE(all[0].wanted.defined()) << "the images are no ReLU's output";
  EXPECT_EQ(all[0].problem.name, "conv1");
  EXPECT_TRUE(all[0].x.same_storage(batch.images));
  EXPECT_FALSE(all[0].grad_x.defined());
  EXPECT_EQ(all[1].problem.x, (Shape{4, 12, 12, 32}));
  EXPECT_EQ(all[1].problem.params.padding, Size2(1));
  for (std::size_t i = 1; i < 3; ++i) {
    ASSERT_NE(all[i].x.zero_mask(), nullptr);
    ASSERT_NE(all[i].grad_y.zero_mask(), nullptr);
    EXPECT_LT(all[i].x.density(), 0.95);
    EXPECT_GT(all[i].grad_y.density(), 0);
    EXPECT_LT(all[i].grad_y.density(), 0.6) << "of each pool window at most one has a gradient";
    EXPECT_TRUE(all[i].grad_x.defined());
    EXPECT_TRUE(all[i].wanted.same_storage(all[i].x));
  }
}

}  // namespace
}  // namespace joule::bench
