// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/profile.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <utility>

#include "joule/energy/attribution/op_trace.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/recorded_profile.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

using test::error_of;
using test::expect_golden;
using test::Recorded;
using test::replayed;
using test::SimulatedPower;

TEST(Profile, ReportsOfARecordedTraceAreTheSameBytes) {
  const Profile p = replayed(Rule::time).profile;
  expect_golden("report.json", to_json(p));
  expect_golden("report.csv", to_csv(p));
  expect_golden("report.prom", to_prometheus(p));
}

TEST(Profile, WithoutTimes) {
  Profile p = replayed(Rule::model).profile;
  p.times = false;
  const std::string json = to_json(p), csv = to_csv(p), prometheus = to_prometheus(p);
  for (Ledger::Line& line : p.lines) line.tally.nanoseconds *= 3;
  EXPECT_EQ(to_json(p), json);
  EXPECT_EQ(to_csv(p), csv);
  EXPECT_EQ(to_prometheus(p), prometheus);
  EXPECT_NE(json.find("\"nanoseconds\": null"), std::string::npos);
  EXPECT_EQ(prometheus.find("joule_op_seconds"), std::string::npos);
}

TEST(Profile, ThePiecesOfAWindowAddUp) {
  const Recorded r = replayed(Rule::time);
  EXPECT_EQ(r.pieces[0].interval.ticks() + r.pieces[1].interval.ticks(), r.window.ticks());
  const Split& split = *r.profile.attribution.ticks;
  EXPECT_EQ(
      std::accumulate(split.lines.begin(), split.lines.end(), split.idle) + split.unattributed,
      120'000'000);
}

TEST(Profile, RowsAddUpHoweverTheyArePutTogether) {
  const Profile p = replayed(Rule::time).profile;
  const ProfileRow whole = total(p);
  for (const By by : {By::line, By::layer, By::phase, By::op, By::implementation}) {
    std::int64_t ticks = 0;
    Totals totals;
    double modelled = 0, width = 0;
    for (const ProfileRow& row : rows(p, by)) {
      ticks += *row.ticks;
      totals += row.totals;
      modelled += row.modelled.value().value();
      width += row.attributed.uncertainty()->value();
    }
    EXPECT_EQ(ticks, *whole.ticks);
    EXPECT_EQ(totals.work, whole.totals.work);
    EXPECT_NEAR(modelled, whole.modelled.value().value(), 1e-12);
    EXPECT_NEAR(width, whole.attributed.uncertainty()->value(), 1e-9);
  }
  EXPECT_EQ(rows(p, By::layer).size(), 2u);
  EXPECT_EQ(rows(p, By::layer)[0].layer, "a \"b\", c\\");
  EXPECT_EQ(rows(p, By::layer)[0].op, "");  // two
  EXPECT_EQ(rows(p, By::phase).size(), 3u);
  EXPECT_DOUBLE_EQ(*gflops(rows(p, By::layer)[0].totals), 2 * 6e9 / 1.4e9);
  EXPECT_EQ(gflops(rows(p, By::layer)[1].totals), std::nullopt);
}

TEST(Profile, OneLineWithoutEnergyAndTheSumHasNone) {
  Profile p = replayed(Rule::time).profile;
  p.attribution.lines[1] = Figure<Joules>::unavailable("test", "not resolved");
  EXPECT_EQ(rows(p, By::layer)[0].attributed.reason(), "not resolved");
  EXPECT_EQ(total(p).attributed.reason(), "not resolved");
  EXPECT_EQ(total(p).ticks, std::nullopt);
  EXPECT_TRUE(rows(p, By::layer)[1].attributed.available());
  EXPECT_EQ(to_prometheus(p).find("joule_op_attributed_joules{layer=\"a \\\"b\\\", c\\\\\","
                                  "phase=\"backward\""),
            std::string::npos);
}

TEST(Profile, WindowsOfAFitReadBack) {
  const Recorded r = replayed(Rule::time);
  const MeasuredWindows written = measured_windows(r.profile.meter, "bench", r.pieces);
  ASSERT_EQ(written.windows.size(), 2u);
  EXPECT_EQ(written.windows[1].energy, Joules(80));
  const Counted counted_there = counted(r.profile.meter, r.pieces[1].interval);
  EXPECT_DOUBLE_EQ(written.windows[1].uncertainty.value(),
                   counted_there.edges->value() / std::sqrt(6));
  EXPECT_EQ(written.systematic, r.profile.meter.systematic);
  EXPECT_EQ(written.windows[1].counts, (std::vector<double>{2'200'000'000, 1'516'000, 4, 2}));
  const MeasuredWindows read = parse_measured_windows(to_json(written), "w.json");
  EXPECT_EQ(read.device, "bench");
  EXPECT_EQ(read.systematic, written.systematic);
  EXPECT_EQ(read.charges, written.charges);
  EXPECT_EQ(read.windows[1].counts, written.windows[1].counts);
  EXPECT_EQ(read.windows[1].uncertainty, written.windows[1].uncertainty);

  std::vector<Piece> pieces = r.pieces;
  pieces[0].interval.end.ticks = pieces[0].interval.begin.ticks;  // the counter did not move
  EXPECT_EQ(measured_windows(r.profile.meter, "bench", pieces).windows.size(), 1u);
  MeterInfo blind = r.profile.meter;
  blind.update_period.reset();
  EXPECT_NE(error_of([&] { measured_windows(blind, "bench", pieces); }).find("update period"),
            std::string::npos);
}

TEST(OpTrace, KeepsCallsAndFillsTheLedgerAsTheSinkWould) {
  SimulatedPower power(1'000'000, 1000);
  OpTrace trace(power);
  Ledger direct, flushed;
  const auto run = [&](std::int64_t ns) {
    const OpRun op{"conv2d", "cpu", {"layer", Phase::backward}};
    const Work work{.macs = 5, .bytes_read = 6, .bytes_written = 7};
    for (WorkSink* sink : {static_cast<WorkSink*>(&trace), static_cast<WorkSink*>(&direct)}) {
      Tally* const tally = sink->record(op, work);
      tally->macs_skippable += 4;
      tally->macs_skipped += 3;
      tally->nanoseconds += ns;
    }
    power.sleep_ns(ns);
  };
  run(1500);
  trace.flush(flushed);
  run(2500);
  trace.flush(flushed);
  trace.flush(flushed);
  const auto a = direct.lines(), b = flushed.lines();
  ASSERT_EQ(b.size(), 1u);
  EXPECT_EQ(b[0].calls, a[0].calls);
  EXPECT_EQ(b[0].work, a[0].work);
  EXPECT_EQ(b[0].tally.macs_skipped, 6);
  EXPECT_EQ(b[0].tally.nanoseconds, 4000);
  EXPECT_EQ(
      trace.to_json(),
      R"({"displayTimeUnit":"ms","traceEvents":[)"
      R"({"name":"conv2d","cat":"backward","ph":"X","ts":0.0,"dur":1.5,"pid":1,"tid":1,)"
      R"("args":{"layer":"layer","implementation":"cpu","macs":5,"macs_skipped":3,"bytes":13}},)"
      R"({"name":"conv2d","cat":"backward","ph":"X","ts":1.5,"dur":2.5,"pid":1,"tid":1,)"
      R"("args":{"layer":"layer","implementation":"cpu","macs":5,"macs_skipped":3,"bytes":13}}]})"
      "\n");
}

TEST(OpTrace, HasATrackOfPower) {
  SimulatedPower power(1'000'000, 1000);
  power.sleep_ns(1000);
  OpTrace trace(power);
  const std::vector<PowerPoint> points{{power.now_ns() + 500, Watts(12.5)},
                                       {power.now_ns() + 2500, Watts(0)}};
  EXPECT_EQ(trace.to_json("power, rapl", points),
            R"({"displayTimeUnit":"ms","traceEvents":[)"
            R"({"name":"power, rapl","ph":"C","ts":0.5,"pid":1,"args":{"W":12.5}},)"
            R"({"name":"power, rapl","ph":"C","ts":2.5,"pid":1,"args":{"W":0.0}}]})"
            "\n");
}

/// A counter of 30 W by this machine's clock, which moves every millisecond; it is reset once.
class ThirtyWatts final : public Meter {
 public:
  ThirtyWatts() : Meter({.name = "thirty", .unit = Joules(1e-6), .update_period = Seconds(1e-3)}) {}
  int readings = 0;

 private:
  Sample sample(Purpose) override {
    ++readings;
    const std::int64_t ms = clock().now_ns() / 1'000'000 - begin_ms_;
    const bool again = ms > 60 && !std::exchange(reset_, true);
    if (again) begin_ms_ += ms;
    return {.ticks = 30'000 * (again ? 0 : ms), .reset = again ? "it was reset" : ""};
  }
  std::int64_t begin_ms_ = clock().now_ns() / 1'000'000;
  bool reset_ = false;
};

TEST(PowerTrack, IsThePowerAsFastAsTheCounterMoves) {
  ThirtyWatts meter;
  const std::int64_t begin = meter.clock().now_ns();
  PowerTrack track(meter);
  meter.clock().sleep_ns(150'000'000);
  track.stop();
  const std::vector<PowerPoint> points = track.points();
  ASSERT_GE(points.size(), 4u);
  EXPECT_LE(points.size(), 32u) << "five periods each, and the end";
  EXPECT_LE(meter.readings, 32) << "each wakes a thread: no more than the points need";
  double joules = 0, seconds = 0;
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    EXPECT_GT(points[i].power, Watts(0));
    EXPECT_GE(points[i].ns, i == 0 ? begin : points[i - 1].ns + 5'000'000);
    const double time = 1e-9 * static_cast<double>(points[i + 1].ns - points[i].ns);
    joules += points[i].power.value() * time;
    seconds += time;
  }
  EXPECT_NEAR(joules / seconds, 30, 6);
  EXPECT_EQ(points.back().power, Watts(0));
  EXPECT_GT(track.share_of_a_core(), 0);
  EXPECT_LT(track.share_of_a_core(), 0.5);
}

TEST(OpTrace, AThreadIsATrackOfItsOwn) {
  OpTrace trace;
  const auto record = [&] { trace.record({"op", "cpu", {}}, {}); };
  record();
  std::thread(record).join();
  EXPECT_NE(trace.to_json().find("\"tid\":2"), std::string::npos);
}

}  // namespace
}  // namespace joule::energy
