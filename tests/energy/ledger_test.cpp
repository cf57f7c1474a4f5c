// SPDX-License-Identifier: MIT
#include "joule/energy/ledger.h"

#include <gtest/gtest.h>

#include <array>
#include <barrier>
#include <string>
#include <thread>

#include "joule/core/op.h"
#include "joule/energy/json/json.h"

namespace joule::energy {
namespace {

/// An operation that only accounts for itself.
struct Probe {
  static constexpr std::string_view kName = "probe";
  std::int64_t macs = 1;

  Device device() const { return Device::cpu; }
  DType dtype() const { return DType::f32; }
  void check() const {}
  Work work() const { return {.macs = macs, .bytes_read = 8 * macs, .bytes_written = 4}; }
  static std::span<const Implementation<Probe>> implementations() {
    static constexpr std::array kTable = {
        Implementation<Probe>{"cpu.count", Device::cpu, runs_all, run},
        Implementation<Probe>{kReference, Device::cpu, runs_all, run},
    };
    return kTable;
  }
  static void run(const Probe& op, Context&, Tally* tally) {
    if (!tally) return;
    *tally += {.macs_skippable = op.macs, .values_in = 2 * op.macs, .values_in_nonzero = op.macs};
  }
};

void run_in(std::string_view layer, Phase phase, std::int64_t macs) {
  context().scope = {layer, phase};
  dispatch(Probe{macs});
}

std::string order(const Ledger& ledger) {
  std::string text;
  for (const Ledger::Line& line : ledger.lines()) {
    text += str(line.run.scope.layer, " ", name(line.run.scope.phase), " ", line.run.op, " ",
                line.run.implementation, " ", line.calls, "\n");
  }
  return text;
}

TEST(Ledger, SumsEveryRecordExactly) {
  Ledger ledger;
  {
    Recording recording(ledger);
    for (const std::int64_t macs : {3, 4}) run_in("conv1", Phase::forward, macs);
  }
  const auto lines = ledger.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].run.op, "probe");
  EXPECT_EQ(lines[0].calls, 2);
  EXPECT_EQ(lines[0].work, (Work{.macs = 7, .bytes_read = 56, .bytes_written = 8}));
  EXPECT_EQ(lines[0].tally.macs_skippable, 7);
  EXPECT_EQ(lines[0].tally.macs_skipped, 0);
  EXPECT_EQ(lines[0].tally.values_in, 14);
  EXPECT_GT(lines[0].tally.nanoseconds, 0);
  EXPECT_EQ(lines[0].density(), 0.5);
  EXPECT_EQ(Totals().density(), std::nullopt);
}

TEST(Ledger, RecordsOnlyWhileRecording) {
  Ledger ledger;
  dispatch(Probe{});
  EXPECT_TRUE(ledger.lines().empty());
  {
    Recording recording(ledger);
    {
      Ledger inner;
      Recording also(inner);
      dispatch(Probe{});
    }
    dispatch(Probe{});
  }
  EXPECT_EQ(context().sink, nullptr);
  dispatch(Probe{});
  EXPECT_EQ(ledger.total().calls, 1);
}

TEST(Ledger, LinesFollowTheNet) {
  Ledger ledger;
  {
    Recording recording(ledger);
    for (int step = 0; step < 2; ++step) {
      for (const auto layer : {"conv2", "conv10"}) run_in(layer, Phase::forward, 1);
      for (const auto layer : {"conv10", "conv2"}) run_in(layer, Phase::backward, 1);
      run_in("", Phase::update, 1);
    }
    context().force = kReference;
    run_in("conv2", Phase::forward, 1);
  }
  EXPECT_EQ(order(ledger),
            "conv2 forward probe cpu.count 2\n"
            "conv2 forward probe reference 1\n"
            "conv2 backward probe cpu.count 2\n"
            "conv10 forward probe cpu.count 2\n"
            "conv10 backward probe cpu.count 2\n"
            " update probe cpu.count 2\n");
}

TEST(Ledger, EqualNamesAreOneLineWhereverTheyLie) {
  const std::string here = "conv1", there = "conv1";
  Ledger ledger;
  ledger.record({.op = "probe", .implementation = "a", .scope = {.layer = here}}, {.macs = 1});
  ledger.record({.op = "probe", .implementation = "a", .scope = {.layer = there}}, {.macs = 2});
  // The beginning of a name is another name.
  ledger.record({.op = "probe",
                 .implementation = "a",
                 .scope = {.layer = std::string_view(here).substr(0, 4)}},
                {.macs = 4});
  const auto lines = ledger.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].work.macs, 3);
  EXPECT_EQ(lines[1].work.macs, 4);
}

TEST(Ledger, TotalsOfAnySubset) {
  Ledger ledger;
  {
    Recording recording(ledger);
    run_in("conv1", Phase::forward, 1);
    run_in("conv1", Phase::backward, 2);
    run_in("conv2", Phase::forward, 4);
  }
  const auto macs = [&](auto wanted) { return ledger.total(wanted).work.macs; };
  EXPECT_EQ(ledger.total().work.macs, 7);
  EXPECT_EQ(macs([](const auto& line) { return line.run.scope.layer == "conv1"; }), 3);
  EXPECT_EQ(macs([](const auto& line) { return line.run.scope.phase == Phase::forward; }), 5);
  EXPECT_EQ(macs([](const auto& line) { return line.run.op == "other"; }), 0);
}

TEST(Ledger, MergesAndResets) {
  Ledger a, b;
  {
    Recording recording(a);
    run_in("conv1", Phase::forward, 1);
  }
  {
    Recording recording(b);
    run_in("conv2", Phase::forward, 2);
    run_in("conv1", Phase::forward, 4);
  }
  a.merge(b);
  EXPECT_EQ(order(a), "conv1 forward probe cpu.count 2\nconv2 forward probe cpu.count 1\n");
  EXPECT_EQ(a.total().work.macs, 7);
  EXPECT_EQ(a.total().tally.values_in, 14);
  a.merge(a);
  EXPECT_EQ(a.total().work.macs, 14);
  a.reset();
  EXPECT_TRUE(a.lines().empty());
  EXPECT_EQ(b.total().calls, 2);
}

TEST(Ledger, EveryThreadHasATallyOfItsOwn) {
  Ledger ledger;
  const OpRun run{.op = "probe", .implementation = "a", .scope = {}};
  Tally* const here = ledger.record(run, {});
  Tally* there = nullptr;
  std::thread([&] { there = ledger.record(run, {}); }).join();
  EXPECT_NE(here, there);
  EXPECT_EQ(here, ledger.record(run, {}));
  EXPECT_EQ(ledger.lines().size(), 1u);
}

TEST(Ledger, ThreadsMayRecordTheSameLineAtOnce) {
  constexpr int kThreads = 4, kRuns = 2000;
  Ledger ledger;
  std::barrier start(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      Recording recording(ledger);
      start.arrive_and_wait();
      for (int run = 0; run < kRuns; ++run) run_in(run % 2 ? "a" : "b", Phase::forward, 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(ledger.lines().size(), 2u);
  for (const auto& line : ledger.lines()) {
    EXPECT_EQ(line.calls, kThreads * kRuns / 2);
    EXPECT_EQ(line.work.bytes_read, 8 * kThreads * kRuns / 2);
    EXPECT_EQ(line.tally.values_in, 2 * kThreads * kRuns / 2);
  }
}

TEST(Ledger, Json) {
  Ledger ledger;
  *ledger.record({.op = "conv2d",
                  .implementation = "cpu.direct",
                  .scope = {.layer = "caf\xe9", .phase = Phase::backward}},
                 {.macs = 1, .bytes_read = 2, .bytes_written = 3}) += {.macs_skippable = 4,
                                                                       .macs_skipped = 5,
                                                                       .values_in = 6,
                                                                       .values_in_nonzero = 7,
                                                                       .nanoseconds = 8};
  EXPECT_EQ(to_json(ledger.lines()), R"([
  {
    "layer": "caf�",
    "phase": "backward",
    "op": "conv2d",
    "implementation": "cpu.direct",
    "calls": 1,
    "macs": 1,
    "bytes_read": 2,
    "bytes_written": 3,
    "macs_skippable": 4,
    "macs_skipped": 5,
    "values_in": 6,
    "values_in_nonzero": 7,
    "nanoseconds": 8
  }
])");
  EXPECT_EQ(to_json(Ledger().lines()), "[]");
}

}  // namespace
}  // namespace joule::energy
