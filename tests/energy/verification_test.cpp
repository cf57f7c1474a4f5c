// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/verification.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "joule/energy/models/idle_power.h"
#include "joule/tests/support/noisy_machine.h"

namespace joule::energy {
namespace {

using test::NoisyMachine;
using test::NoisyMeter;

constexpr std::int64_t kMs = 1'000'000;

struct Layer {
  std::string_view name;
  double watts;
  std::int64_t call_ns;
};
constexpr Layer kLayers[] = {{"conv", 120, 6 * kMs}, {"relu", 20, 10 * kMs}};

Ledger::Line line_of(const Layer& layer, std::int64_t calls) {
  Ledger::Line line;
  line.run = {"op", "cpu", {layer.name, Phase::forward}};
  line.calls = calls;
  line.tally.nanoseconds = calls * layer.call_ns;
  return line;
}

/// Layers one by one in three rounds, then each in loops.
struct Verifying {
  NoisyMachine machine{{.deviation_w = 0.2, .rho = 0.9}, {}, 7};
  NoisyMeter meter{machine};
  IdlePower idle = no_idle_power("-");
  std::vector<Piece> pieces;
  std::vector<Ledger::Line> lines;
  Interval whole;
  std::vector<Looped> looped;

  Verifying() {
    const std::vector quiet = {watch_idle(meter, Seconds(5))};
    idle = measured_idle_power(meter.info(), quiet);
    Window window(meter, Edges::aligned);
    for (const Layer& layer : kLayers) lines.push_back(line_of(layer, 300));
    for (const std::int64_t calls : {50, 100, 150}) {
      for (const Layer& layer : kLayers) {
        run(layer, calls);
        pieces.push_back({window.lap(), {line_of(layer, calls)}});
      }
    }
    whole = window.close();
    for (const Layer& layer : kLayers) {
      Looped one{.lines = {line_of(layer, 1)}, .pauses = {}, .trials = {}};
      Window pause(meter, Edges::aligned);
      machine.sleep_ns(500 * kMs);
      one.pauses.push_back(pause.close());
      for (int i = 0; i < 5; ++i) {
        Window trial(meter, Edges::aligned);
        run(layer, 60);
        one.trials.push_back({trial.close(), 60});
      }
      looped.push_back(std::move(one));
    }
  }

  void run(const Layer& layer, std::int64_t calls) {
    machine.load = [&layer](std::int64_t) { return layer.watts; };
    machine.sleep_ns(calls * layer.call_ns);
    machine.load = nullptr;
  }
  Verification by(const Attribution& a) const {
    return verify(meter.info(), a, lines, looped, idle, Watts(52));
  }
};

TEST(Verification, ARegressionAgreesWithLoops) {
  const Verifying v;
  const Verification seen =
      v.by(attribute_by_regression(v.meter.info(), v.whole, v.idle, v.lines, v.pieces));
  ASSERT_EQ(seen.operations.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const double truth = kLayers[i].watts * 1e-9 * static_cast<double>(kLayers[i].call_ns);
    const Verified& one = seen.operations[i];
    EXPECT_EQ(one.lines, std::vector<std::size_t>{i});
    EXPECT_EQ(one.calls, 60);
    EXPECT_NEAR(one.attributed.value().value(), truth, one.attributed.uncertainty()->value());
    EXPECT_NEAR(one.looped.value().value(), truth, one.looped.uncertainty()->value());
    EXPECT_NEAR(*one.error, one.attributed.value() / one.looped.value() - 1, 1e-12);
    EXPECT_LT(std::abs(*one.error), *one.half_width);
    EXPECT_LT(*one.half_width, 0.2);
    EXPECT_NEAR(one.paused_at.value(), 50, 1);
    EXPECT_TRUE(agree(one));
  }
  EXPECT_EQ(agreement(seen).agree, 2u);
  EXPECT_EQ(agreement(seen).known, 2u);
}

TEST(Verification, SharesByTimeDoNotWhereThePowersDiffer) {
  const Verifying v;
  const Verification seen = v.by(attribute_by_time(v.meter.info(), v.whole, v.idle, v.lines));
  // Both get the mean power, of 57.5 W: 120 W for 6 ms, and 20 W for 10 ms.
  EXPECT_NEAR(*seen.operations[0].error, 57.5 / 120 - 1, 0.02);
  EXPECT_NEAR(*seen.operations[1].error, 57.5 / 20 - 1, 0.1);
  EXPECT_EQ(agreement(seen).agree, 0u);
  EXPECT_EQ(agreement(seen).known, 2u);
}

TEST(Verification, SaysWhatIsNotKnown) {
  Verifying v;
  v.looped[0].lines[0].run.implementation = "another";
  v.looped[1].trials.resize(2);
  const Verification seen = v.by(attribute_by_time(v.meter.info(), v.whole, v.idle, v.lines));
  EXPECT_EQ(seen.operations[0].attributed.reason(), "the profile has no op by another in conv");
  EXPECT_TRUE(seen.operations[0].looped.available());
  EXPECT_EQ(seen.operations[1].looped.reason(), "it ran 2 times");
  for (const Verified& one : seen.operations) EXPECT_FALSE(one.error || one.half_width);
  EXPECT_EQ(agreement(seen).known, 0u);
}

}  // namespace
}  // namespace joule::energy
