// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/attribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

#include "joule/tests/support/op_test.h"

namespace joule::energy {
namespace {

using test::error_of;

const MeterInfo kMeter{.name = "test",
                       .scope = "package",
                       .unit = Joules(1e-3),
                       .update_period = Seconds(1e-3),
                       .systematic = 0.0};
const Figure<Watts> kIdle = Figure<Watts>::measured(Watts(10), Watts(0.1), "test");

/// Of `seconds`, in which the counter counted `ticks`.
Interval interval(double seconds, std::int64_t ticks, double begin = 0, std::int64_t first = 7) {
  const auto reading = [](double at, std::int64_t count) {
    return Reading{
        .ticks = count, .unit = kMeter.unit, .monotonic_ns = static_cast<std::int64_t>(1e9 * at)};
  };
  return {reading(begin, first), reading(begin + seconds, first + ticks)};
}

Ledger::Line line(std::string_view layer, std::int64_t calls, std::int64_t ns, std::int64_t macs) {
  Ledger::Line l;
  l.run = {.op = "conv2d", .implementation = "cpu", .scope = {.layer = layer}};
  l.calls = calls;
  l.work = {.macs = macs, .bytes_read = 4 * macs, .bytes_written = 4};
  l.tally.nanoseconds = ns;
  return l;
}

std::int64_t sum(const std::vector<std::int64_t>& ticks) {
  return std::accumulate(ticks.begin(), ticks.end(), std::int64_t{0});
}

void expect_adds_up(const Attribution& a, const Interval& window) {
  ASSERT_TRUE(a.ticks);
  EXPECT_EQ(a.ticks->gross, window.ticks());
  EXPECT_EQ(a.ticks->idle + sum(a.ticks->lines) + a.ticks->unattributed, a.ticks->gross);
}

TEST(Apportion, LargestRemainder) {
  const std::vector<double> weights{5, 3, 2};
  EXPECT_EQ(apportion(10, weights), (std::vector<std::int64_t>{5, 3, 2}));
  EXPECT_EQ(apportion(7, weights), (std::vector<std::int64_t>{4, 2, 1}));  // 3.5, 2.1, 1.4
  EXPECT_EQ(apportion(0, weights), (std::vector<std::int64_t>{0, 0, 0}));
}

TEST(Apportion, EqualClaimsGetEqualShares) {
  EXPECT_EQ(apportion(5, std::vector{1.0, 1.0}), (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(apportion(2, std::vector{1.0, 1.0, 1.0}), (std::vector<std::int64_t>{0, 0, 0}));
  EXPECT_EQ(apportion(9, std::vector{0.0, 0.0}), (std::vector<std::int64_t>{0, 0}));
}

TEST(Apportion, SharesAreWithinATickOfTheirQuotaForAnyWeightsInAnyOrder) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 500; ++round) {
    const std::size_t n = 1 + random() % 40;
    std::vector<double> weights(n);
    for (double& w : weights) w = std::ldexp(static_cast<double>(random() % 1000), random() % 30);
    const auto ticks = static_cast<std::int64_t>(random() >> (random() % 60 + 1));
    const auto shares = apportion(ticks, weights);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (total == 0) continue;
    const std::int64_t left = ticks - sum(shares);
    EXPECT_GE(left, 0);
    EXPECT_LT(left, static_cast<std::int64_t>(n));
    for (std::size_t i = 0; i < n; ++i) {
      const double quota = static_cast<double>(ticks) * (weights[i] / total);
      EXPECT_NEAR(static_cast<double>(shares[i]), quota, 1 + 1e-14 * static_cast<double>(ticks));
    }
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::shuffle(order, random);
    std::vector<double> shuffled;
    for (const std::size_t i : order) shuffled.push_back(weights[i]);
    const auto again = apportion(ticks, shuffled);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(again[i], shares[order[i]]);
  }
}

TEST(Apportion, Errors) {
  EXPECT_EQ(error_of<ArgumentError>([] { apportion(-1, std::vector{1.0}); }),
            "apportion: expected ticks >= 0, got -1");
  EXPECT_EQ(error_of<ArgumentError>([] { apportion(1, std::vector{-1.0}); }),
            "apportion: expected weights >= 0, got -1");
  EXPECT_EQ(error_of<ArgumentError>([] { apportion(1, std::vector{std::nan("")}); }).substr(0, 35),
            "apportion: expected weights >= 0, g");
}

TEST(Attribution, ByTimeLeavesTheTimeOutsideOfOperationsUnattributed) {
  const Interval window = interval(2, 60'000);  // 60 J in 2 s, of which 20 J idle
  const std::vector lines{line("a", 1, 1'000'000'000, 5), line("b", 2, 500'000'000, 900)};
  const Attribution a = attribute_by_time(kMeter, window, kIdle, lines);
  expect_adds_up(a, window);
  EXPECT_EQ(a.ticks->idle, 20'000);
  EXPECT_EQ(a.ticks->lines, (std::vector<std::int64_t>{20'000, 10'000}));
  EXPECT_EQ(a.ticks->unattributed, 10'000);
  EXPECT_EQ(a.lines[0].quality(), Quality::attributed);
  EXPECT_EQ(a.lines[0].source(), "test, package, shared out by time");
  EXPECT_DOUBLE_EQ(a.lines[0].value().value(), 20);
  // Half of the dynamic energy: half of its uncertainty, and a tick.
  EXPECT_DOUBLE_EQ(a.lines[0].uncertainty()->value(),
                   a.whole.dynamic.uncertainty()->value() / 2 + 1e-3);
  EXPECT_DOUBLE_EQ(a.unattributed.value().value(), 10);
}

TEST(Attribution, ByTimeOfThreadsThatOverlapLeavesNothing) {
  const Interval window = interval(1, 30'000);
  const std::vector lines{line("a", 1, 3'000'000'000, 1), line("b", 1, 1'000'000'000, 1)};
  const Attribution a = attribute_by_time(kMeter, window, kIdle, lines);
  EXPECT_EQ(a.ticks->lines, (std::vector<std::int64_t>{15'000, 5'000}));
  EXPECT_EQ(a.ticks->unattributed, 0);
}

TEST(Attribution, ByModel) {
  const Interval window = interval(1, 30'000);
  const std::vector lines{line("a", 1, 9, 3'000), line("b", 1, 1, 1'000)};
  const CostModel macs{.name = "m", .per_mac = {picojoules(1), {}}};
  const Attribution a = attribute_by_model(kMeter, window, kIdle, lines, macs);
  expect_adds_up(a, window);
  EXPECT_EQ(a.ticks->lines, (std::vector<std::int64_t>{15'000, 5'000}));
  const CostModel nothing{.name = "nothing"};
  const Attribution none = attribute_by_model(kMeter, window, kIdle, lines, nothing);
  EXPECT_EQ(none.lines[0].reason(), "no line has a weight by model");
  EXPECT_EQ(none.ticks->unattributed, 20'000);
}

TEST(Attribution, AddsUpExactlyForAnyLinesAndTicksInAnyOrder) {
  std::mt19937_64 random(2);
  int attributed = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> names(1 + random() % 30);
    std::vector<Ledger::Line> lines;
    for (std::size_t i = 0; i < names.size(); ++i) {
      names[i] = std::to_string(i);
      lines.push_back(line(names[i], 1, static_cast<std::int64_t>(random() % 100'000'000),
                           static_cast<std::int64_t>(random() % 1'000'000)));
    }
    const Interval window = interval(0.1 + static_cast<double>(random() % 100) / 50,
                                     static_cast<std::int64_t>(random() % 1'000'000));
    std::vector<std::size_t> order(lines.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::shuffle(order, random);
    std::vector<Ledger::Line> shuffled;
    for (const std::size_t i : order) shuffled.push_back(lines[i]);
    for (const Rule rule : {Rule::time, Rule::model}) {
      const auto attribute = [&](const std::vector<Ledger::Line>& l) {
        return rule == Rule::time ? attribute_by_time(kMeter, window, kIdle, l)
                                  : attribute_by_model(kMeter, window, kIdle, l, zero_skip());
      };
      const Attribution a = attribute(lines), b = attribute(shuffled);
      if (!a.ticks) continue;
      expect_adds_up(a, window);
      attributed += sum(a.ticks->lines) > 0;
      EXPECT_EQ(b.ticks->unattributed, a.ticks->unattributed);
      for (std::size_t i = 0; i < order.size(); ++i) {
        EXPECT_EQ(b.ticks->lines[i], a.ticks->lines[order[i]]);
      }
    }
  }
  EXPECT_GT(attributed, 300);
}

TEST(Attribution, WithoutIdlePowerNothingIsSharedOut) {
  const Interval window = interval(1, 30'000);
  const std::vector lines{line("a", 1, 500'000'000, 3)};
  const Attribution a = attribute_by_time(kMeter, window, no_idle_power("not asked for"), lines);
  expect_adds_up(a, window);
  EXPECT_EQ(a.lines[0].reason(), "no idle power: not asked for");
  EXPECT_EQ(a.ticks->unattributed, 30'000);
  EXPECT_DOUBLE_EQ(a.unattributed.value().value(), 30);
}

TEST(Attribution, DynamicEnergyWithinItsUncertaintyIsNotSharedOut) {
  const Interval window = interval(1, 10'001);
  const std::vector lines{line("a", 1, 500'000'000, 3)};
  const Attribution a = attribute_by_time(kMeter, window, kIdle, lines);
  expect_adds_up(a, window);
  EXPECT_FALSE(a.lines[0].available());
  EXPECT_EQ(a.lines[0].reason().substr(0, 10), "unresolved");
  EXPECT_FALSE(a.unattributed.available());
  EXPECT_EQ(a.ticks->unattributed, 1);
}

TEST(Attribution, OfAMeterThatDiedEverythingIsUnavailableWithTheReason) {
  Interval window = interval(2, 60'000);
  window.end.status = Status::failed;
  window.end.reason = "EIO";
  window.end.since_ns = 1'000'000'000;
  const std::vector lines{line("a", 1, 500'000'000, 3)};
  for (const Attribution& a : {attribute_by_time(kMeter, window, kIdle, lines),
                               attribute_by_model(kMeter, window, kIdle, lines, zero_skip()),
                               attribute_by_regression(kMeter, window, kIdle, lines, {})}) {
    EXPECT_FALSE(a.ticks);
    EXPECT_EQ(a.lines[0].reason(), "EIO, 1 s after the window began");
    EXPECT_EQ(a.unattributed.reason(), "EIO, 1 s after the window began");
  }
}

/// Pieces of 1 s each that follow on each other, in which `calls` ran; per call a costs 4 J, b 1 J.
struct Pieces {
  std::vector<Piece> pieces;
  std::vector<Ledger::Line> total{line("a", 0, 0, 0), line("b", 0, 0, 0)};

  void add(std::int64_t a, std::int64_t b, std::int64_t error = 0) {
    const double begin = static_cast<double>(pieces.size());
    const std::int64_t first = pieces.empty() ? 7 : pieces.back().interval.end.ticks;
    const std::int64_t ticks = 10'000 + 4'000 * a + 1'000 * b + error;
    pieces.push_back({interval(1, ticks, begin, first), {}});
    if (a > 0) pieces.back().lines.push_back(line("a", a, 1'000'000 * a, 1));
    if (b > 0) pieces.back().lines.push_back(line("b", b, 1'000'000 * b, 1));
    total[0] += line("a", a, 1'000'000 * a, 1);
    total[1] += line("b", b, 1'000'000 * b, 1);
  }
  Interval whole() const { return {pieces.front().interval.begin, pieces.back().interval.end}; }
  Attribution attribute() const {
    return attribute_by_regression(kMeter, whole(), kIdle, total, pieces);
  }
};

TEST(AttributionByRegression, FindsTheEnergyPerCall) {
  Pieces p;
  for (const auto& [a, b, error] :
       {std::tuple(5, 0, 9), {0, 9, -8}, {4, 4, 12}, {2, 12, -5}, {7, 3, 0}}) {
    p.add(a, b, error);
  }
  const Attribution a = p.attribute();
  expect_adds_up(a, p.whole());
  for (const auto& [at, truth] : {std::pair(std::size_t{0}, 72.0), {1, 28.0}}) {
    ASSERT_TRUE(a.lines[at].available()) << a.lines[at].reason();
    EXPECT_NEAR(a.lines[at].value().value(), truth, a.lines[at].uncertainty()->value());
    EXPECT_NEAR(a.lines[at].value().value(), truth, 0.05);
    EXPECT_LT(a.lines[at].uncertainty()->value(), 3);
  }
  std::ranges::reverse(p.total);
  const Attribution b = p.attribute();
  EXPECT_EQ(b.ticks->lines[0], a.ticks->lines[1]);
  EXPECT_EQ(b.ticks->lines[1], a.ticks->lines[0]);
}

TEST(AttributionByRegression, LinesInProportionShareByTime) {
  Pieces p;
  for (const auto& [a, b] : {std::pair(5, 0), {0, 9}, {4, 4}, {2, 12}}) p.add(a, b);
  for (Piece& piece : p.pieces) {  // with each a runs a c, which takes half of its time
    if (piece.lines[0].run.scope.layer != "a") continue;
    Ledger::Line c = piece.lines[0];
    c.run.scope.layer = "c";
    piece.lines.push_back(c);
  }
  Ledger::Line c = p.total[0];
  c.run.scope.layer = "c";
  c.tally.nanoseconds /= 2;
  p.total.push_back(c);
  const Attribution a = p.attribute();
  expect_adds_up(a, p.whole());
  EXPECT_NEAR(a.lines[0].value().value(), 44 * 2 / 3., 0.01);
  EXPECT_NEAR(a.lines[2].value().value(), 44 / 3., 0.01);
  // Either may have taken all of it; of both together that is not open.
  EXPECT_GE(a.lines[0].uncertainty()->value(), 44 * 2 / 3. - 0.01);
  EXPECT_GE(a.lines[2].uncertainty()->value(), 44 * 2 / 3. - 0.01);
  const std::vector<std::size_t> both{2, 0}, all{0, 1, 2}, one{2};
  EXPECT_LT(a.width_of(both)->value(), 3);
  EXPECT_NEAR((*a.width_of(all) - *a.width_of(both)).value(), a.lines[1].uncertainty()->value(),
              1e-12);
  EXPECT_EQ(a.width_of(one), a.lines[2].uncertainty());
}

TEST(AttributionByRegression, SaysWhyThePiecesDoNotDetermineTheLines) {
  const auto reason = [](const Pieces& p) { return p.attribute().lines[0].reason(); };
  Pieces alike;
  for (int i = 0; i < 4; ++i) alike.add(2, 3);
  EXPECT_EQ(reason(alike), "all 4 pieces ran the same: they tell no line from another");
  Pieces few;
  few.add(5, 0);
  few.add(0, 5);
  EXPECT_EQ(reason(few), "2 energies need at least 3 pieces that the counter can resolve, got 2");
  EXPECT_EQ(few.attribute().ticks->unattributed, 25'000);
}

TEST(AttributionByRegression, AnEnergyThatWouldBeNegativeIsUnresolvedNotZero) {
  Pieces p;  // the more b, the less energy
  for (const auto& [a, b] : {std::pair(5, 0), {5, 4}, {5, 8}, {9, 1}}) p.add(a, b, -2'000 * b);
  const Attribution a = p.attribute();
  expect_adds_up(a, p.whole());
  EXPECT_EQ(a.lines[1].reason(), "unresolved: no positive energy fits the pieces better");
  EXPECT_TRUE(a.lines[0].available());
}

/// Each of two lines by itself, then twice and three times as often.
Pieces rounds(std::int64_t noise = 0) {
  Pieces p;
  for (const std::int64_t n : {2, 4, 6}) {
    p.add(n, 0, noise * (n - 3));
    p.add(0, n, -noise * (n - 3));
  }
  return p;
}

Attribution chosen(const Pieces& p, const MeterInfo& meter = kMeter,
                   const IdlePower& idle = kIdle) {
  return attribute_by_choice(meter, p.whole(), idle, p.total, p.pieces);
}

TEST(AttributionByChoice, IsByRegressionWhereThePiecesSuffice) {
  const Pieces p = rounds();
  const Attribution a = chosen(p);
  expect_adds_up(a, p.whole());
  EXPECT_EQ(a.rule, Rule::regression);
  EXPECT_EQ(a.why, "6 windows tell 2 energies apart (condition number 1)");
  EXPECT_NEAR(a.lines[0].value().value(), 48, 0.01);
  EXPECT_NEAR(a.lines[1].value().value(), 12, 0.01);
}

TEST(AttributionByChoice, IsOtherwiseByTimeAndSaysWhy) {
  const auto expect_time = [](const Attribution& a, const std::string& why) {
    EXPECT_EQ(a.rule, Rule::time) << a.why;
    EXPECT_EQ(a.why, "regression does not suffice: " + why);
    EXPECT_TRUE(a.lines[0].available());
    EXPECT_EQ(a.lines[0].source(), "test, package, shared out by time");
  };
  Pieces alike, few;
  for (int i = 0; i < 4; ++i) alike.add(2, 3);
  expect_time(chosen(alike), "all 4 pieces ran the same: they tell no line from another");
  few.add(5, 0);
  few.add(0, 5);
  few.add(5, 0);
  expect_time(chosen(few), "2 energies need 4 windows that the counter can resolve, got 3");
  Pieces similar;
  for (const auto& [a, b] : {std::pair(50, 50), {52, 50}, {100, 100}, {100, 102}})
    similar.add(a, b);
  EXPECT_NE(chosen(similar).why.find("too much alike: their condition number is"),
            std::string::npos)
      << chosen(similar).why;
  // Which of the windows cost how much has little to do with the calls in them.
  const Attribution noisy = chosen(rounds(3'000));
  EXPECT_EQ(noisy.rule, Rule::time);
  EXPECT_NE(noisy.why.find("% of the time to within half of themselves"), std::string::npos);
  MeterInfo untold = kMeter;
  untold.update_period.reset();
  expect_time(chosen(rounds(), untold), "the meter's update period is not known");
}

TEST(AttributionByChoice, HasNoChoiceWithoutDynamicEnergy) {
  const Attribution a = chosen(rounds(), kMeter, no_idle_power("not asked for"));
  EXPECT_EQ(a.why, "");
  EXPECT_FALSE(a.lines[0].available());
}

TEST(AttributionByRegression, TellsAScoreOfLinesApart) {
  constexpr std::size_t kLines = 20;
  std::mt19937_64 random(3);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kLines; ++i) names.push_back(std::to_string(i));
  std::vector<Piece> pieces;
  std::vector<Ledger::Line> total;
  for (const std::string& name : names) total.push_back(line(name, 0, 0, 0));
  for (int p = 0; p < 60; ++p) {
    Piece piece;
    std::int64_t ticks = 10'000;
    for (std::size_t i = 0; i < kLines; ++i) {
      const auto calls = static_cast<std::int64_t>(random() % 20);
      piece.lines.push_back(line(names[i], calls, calls, 1));
      total[i] += piece.lines.back();
      ticks += calls * static_cast<std::int64_t>(100 * i);  // the first costs nothing
    }
    const std::int64_t first = pieces.empty() ? 7 : pieces.back().interval.end.ticks;
    piece.interval = interval(1, ticks, p, first);
    pieces.push_back(piece);
  }
  const Interval whole{pieces.front().interval.begin, pieces.back().interval.end};
  const Attribution a = attribute_by_regression(kMeter, whole, kIdle, total, pieces);
  expect_adds_up(a, whole);
  for (std::size_t i = 1; i < kLines; ++i) {
    const double truth = 0.1 * static_cast<double>(i) * static_cast<double>(total[i].calls);
    EXPECT_NEAR(a.lines[i].value().value(), truth, 2e-3) << i;
  }
}

}  // namespace
}  // namespace joule::energy
