// SPDX-License-Identifier: MIT
#include "joule/energy/meters/replay.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>
#include <vector>

#include "joule/energy/json/meter_json.h"
#include "joule/energy/measurement.h"
#include "joule/energy/meters/recorder.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/window.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

using test::data_error_of;
using test::SimulatedMeter;
using test::SimulatedPower;
using test::write;

constexpr std::int64_t kMs = 1'000'000;
const std::string kHead =
    R"({"joule_trace":1,"meter":"rapl","scope":"package 0 + DRAM","joules_per_tick":1e-06,)"
    R"("systematic":0,"update_period_s":0.001})"
    "\n";

/// What a measurement of two windows, one in the other, says.
std::string measured_with(Meter& meter) {
  Window outer(meter);
  meter.clock().sleep_ns(300 * kMs);
  Window inner(meter, Edges::aligned);
  meter.clock().sleep_ns(500 * kMs);
  const Interval in = inner.close(), out = outer.close();
  return to_json(measure(meter.info(), in, no_idle_power("-"))) +
         to_json(measure(meter.info(), out, no_idle_power("-")));
}

TEST(Replay, GivesTheReadingsInOrderAtTheirTimes) {
  const auto meter = replay_meter(kHead + R"({"ns":100,"ticks":5})"
                                          "\n"
                                          R"({"ns":2000000100,"ticks":4000005})",
                                  "t");
  EXPECT_EQ(meter->info().name, "replay of rapl");
  EXPECT_EQ(meter->info().scope, "package 0 + DRAM");
  EXPECT_EQ(meter->info().update_period, Seconds(0.001));
  Window window(*meter);
  EXPECT_EQ(
      meter->closing_remark(),
      "1 of the trace's 2 readings were not asked for: was it recorded with the same options?");
  const Measurement m = measure(meter->info(), window.close(), no_idle_power("-"));
  EXPECT_EQ(m.gross.value(), Joules(4));
  EXPECT_EQ(m.duration.value(), Seconds(2));
  EXPECT_EQ(meter->closing_remark(), "");
}

TEST(Replay, OfARecordingSaysTheSameToTheLastBit) {
  SimulatedPower power(20 * kMs, 12'345);
  MeterInfo info = SimulatedMeter::usual();
  info.unit = Joules(0x1p-32);
  info.update_period = Seconds(0.02);
  info.systematic = 0.05;
  SimulatedMeter meter(power, info);
  meter.integral = {.microjoules = 3, .samples = 9};
  std::ostringstream trace;
  std::string live;
  {
    const Recorder recorder(meter, trace);
    live = measured_with(meter);
    meter.read(Purpose::background);
  }
  const std::size_t size = trace.str().size();
  meter.read();
  EXPECT_EQ(trace.str().size(), size) << "nothing is recorded after the recorder's end";
  for (int again = 0; again < 2; ++again) {
    const auto replay = replay_meter(trace.str(), "t");
    std::string replayed = measured_with(*replay);
    for (std::size_t at; (at = replayed.find("replay of ")) != std::string::npos;) {
      replayed.erase(at, 10);
    }
    EXPECT_EQ(replayed, live);
    EXPECT_EQ(replay->closing_remark(), "");
  }
}

TEST(Replay, OfAQuietSpellHasItsSlices) {
  SimulatedPower power(20 * kMs, 12'345);
  power.alone = true;
  MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(0.02);
  info.limit = Watts(20);
  SimulatedMeter meter(power, info);
  const auto told = [](Meter& m) {
    std::vector<Quiet> quiet = {watch_idle(m, Seconds(2))};
    Window window(m);
    m.clock().sleep_ns(1000 * kMs);
    const Interval work = window.close();
    const IdlePower idle = measured_idle_power(m.info(), quiet);
    return std::tuple(quiet[0].slices.size(), idle.value(), idle.mean.uncertainty(), idle.noise,
                      measure(m.info(), work, idle).gross.uncertainty(), work.ticks());
  };
  std::ostringstream trace;
  const auto live = [&] {
    const Recorder recorder(meter, trace);
    return told(meter);
  }();
  EXPECT_NE(trace.str().find("\"slice\":true"), std::string::npos);
  EXPECT_NE(trace.str().find("\"limit_watts\":20.0"), std::string::npos);
  EXPECT_EQ(trace.str().find("background"), std::string::npos) << "nothing new was seen";
  const auto replay = replay_meter(trace.str(), "t");
  EXPECT_EQ(told(*replay), live);
  EXPECT_EQ(replay->closing_remark(), "");
  // Whoever asks for windows alone, passes the slices over.
  const auto again = replay_meter(trace.str(), "t");
  Window spell(*again);
  EXPECT_NEAR(spell.close().duration().value(), 2, 0.1);
  EXPECT_EQ(Window(*again).close().ticks(), std::get<5>(live));
  // A trace of before there were slices is one window.
  const auto old = replay_meter(kHead + R"({"ns":1,"ticks":10})"
                                        "\n"
                                        R"({"ns":9,"ticks":90})"
                                        "\n",
                                "t");
  const Quiet quiet = watch_idle(*old, Seconds(2));
  EXPECT_EQ(quiet.whole().ticks(), 80);
  EXPECT_EQ(old->closing_remark(), "");
}

TEST(Replay, HowOftenABackgroundThreadLookedInChangesNothing) {
  const std::string a = R"({"ns":1,"ticks":10})"
                        "\n";
  const std::string b = R"({"ns":9,"ticks":90})"
                        "\n";
  const std::string background = R"({"ns":5,"ticks":50,"background":true})"
                                 "\n";
  for (const std::string& trace : {kHead + a + b, kHead + a + background + background + b}) {
    for (const int looks : {0, 3}) {
      const auto meter = replay_meter(trace, "t");
      for (int i = 0; i < looks; ++i) EXPECT_EQ(meter->read(Purpose::background).ticks, 10);
      Window window(*meter);
      for (int i = 0; i < looks; ++i) EXPECT_EQ(meter->read(Purpose::background).ticks, 10);
      EXPECT_EQ(window.close().ticks(), 80);
    }
  }
}

TEST(Replay, RecordsAndReplaysResetsAndFailures) {
  SimulatedPower power(kMs, 1000);
  SimulatedMeter meter(power);
  std::ostringstream trace;
  const auto problems = [&](Meter& m, auto&& event) {
    std::vector<std::string> all;
    Window whole(m);
    for (int step = 0; step < 4; ++step) {
      m.clock().sleep_ns(10 * kMs);
      event(step);
      all.push_back(whole.lap().problem());
    }
    all.push_back(whole.close().problem());
    return all;
  };
  std::vector<std::string> live;
  {
    const Recorder recorder(meter, trace);
    live = problems(meter, [&](int step) {
      if (step == 1) meter.reset = "was not read for long";
      if (step == 2) meter.failure = "gone";
    });
  }
  EXPECT_EQ(live[1], "was not read for long, 10 ms after the window began");
  EXPECT_EQ(live[4], "gone, 30 ms after the window began");
  const auto replay = replay_meter(trace.str(), "t");
  EXPECT_EQ(problems(*replay, [](int) {}), live);
}

TEST(Replay, WhatTheBackgroundSawCountsForTheNextReading) {
  const auto meter =
      replay_meter(kHead + R"({"ns":1,"ticks":50})"
                           "\n"
                           R"({"ns":3,"ticks":60,"reset":"jumped","background":true})"
                           "\n"
                           R"({"ns":4,"ticks":61,"doubt":7,"background":true})"
                           "\n"
                           R"({"ns":2000000001,"ticks":70,"doubt":2})"
                           "\n"
                           R"({"ns":3000000001,"ticks":75})",
                   "t");
  const Reading first = meter->read(), second = meter->read(), third = meter->read();
  EXPECT_EQ((Interval{first, second}.problem()), "jumped, 2 s after the window began");
  EXPECT_EQ(second.doubt, 9);
  EXPECT_EQ((Interval{second, third}.problem()), "");
  EXPECT_EQ(third.doubt, 9);
}

TEST(Replay, AFailureIsNoEnd) {
  const auto meter = replay_meter(kHead + R"({"ns":1,"ticks":50})"
                                          "\n"
                                          R"({"ns":1000000001,"failure":"busy"})"
                                          "\n"
                                          R"({"ns":2000000001,"ticks":70})",
                                  "t");
  const Reading first = meter->read(), second = meter->read(), third = meter->read();
  EXPECT_EQ((Interval{first, second}.problem()), "busy, 1 s after the window began");
  EXPECT_EQ((Interval{first, third}.ticks()), 20) << "a counter loses nothing";
}

TEST(Replay, SampledPowerIsReplayedWithWhatBoundsIt) {
  SimulatedPower power(kMs, 10'000);
  MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(0.1);
  info.integrates_power = info.samples_moments = true;
  info.most = Watts(40);
  info.band_hz = 0.2;
  SimulatedMeter meter(power, info);
  std::ostringstream trace;
  {
    const Recorder recorder(meter, trace);
    Window window(meter);
    power.sleep_ns(5000 * kMs);
    window.close();
  }
  const auto replay = replay_meter(trace.str(), "t");
  EXPECT_EQ(replay->info().most, Watts(40));
  EXPECT_EQ(replay->info().band_hz, 0.2);
  Window window(*replay);
  const auto gross = measure(replay->info(), window.close(), no_idle_power("-")).gross;
  EXPECT_EQ(gross.quality(), Quality::sampled);
  const double turns = 2 * 3.14159265358979 * 0.2 * 0.1;
  EXPECT_NEAR(gross.uncertainty()->value(), 4 * 0.1 * 10 + 1e-3 + 5 * turns * turns / 12 * 20,
              1e-9);
}

TEST(Replay, ACounterThatGoesBackwardsInATraceIsAReset) {
  const auto meter = replay_meter(kHead + R"({"ns":1,"ticks":50})"
                                          "\n"
                                          R"({"ns":2000000001,"ticks":20})",
                                  "t");
  Window window(*meter);
  EXPECT_EQ(
      window.close().problem(),
      "the counter went backwards, from 50 to 20 ticks of 1 uJ (a reset), 2 s after the window "
      "began");
}

TEST(Replay, ATraceThatIsTooShortIsUnavailable) {
  const auto meter = replay_meter(kHead + R"({"ns":7,"ticks":50})", "t");
  Window window(*meter);
  EXPECT_EQ(window.close().problem(), "the trace has only 1 readings, 0 s after the window began");
  EXPECT_EQ(replay_meter(kHead, "t")->read().reason, "the trace has only 0 readings");
}

TEST(Replay, WhatIsWrongWithATraceIsSaidWithItsLine) {
  const auto error = [](const std::string& text) {
    return data_error_of([&] { replay_meter(text, "t.jsonl"); });
  };
  EXPECT_EQ(error(""), "t.jsonl: is empty, expected a trace");
  EXPECT_EQ(error("hello"), "t.jsonl:1: not JSON at byte 1");
  EXPECT_EQ(error("{}"), "t.jsonl:1: 'joule_trace' is missing");
  EXPECT_EQ(error(R"({"joule_trace":2})"), "t.jsonl:1: expected a trace of version 1, got 2");
  EXPECT_EQ(error(R"({"joule_trace":1,"meter":3})"),
            "t.jsonl:1: 'meter' must be a text that is not empty");
  EXPECT_EQ(
      error(R"({"joule_trace":1,"meter":"m","scope":"s","joules_per_tick":0,"systematic":0})"),
      "t.jsonl:1: 'joules_per_tick' must be positive, got 0");
  EXPECT_EQ(
      error(R"({"joule_trace":1,"meter":"m","scope":"s","joules_per_tick":1,"systematic":-1})"),
      "t.jsonl:1: 'systematic' must be a number >= 0, got -1");
  EXPECT_EQ(
      error(
          R"({"joule_trace":1,"meter":"m","scope":"s","joules_per_tick":1,"systematic":0,"joules":1})"),
      "t.jsonl:1: unknown member 'joules'");
  const auto line = [&](const std::string& text) { return error(kHead + text); };
  EXPECT_EQ(line(R"({"ns":1})"), "t.jsonl:2: 'ticks' is missing");
  EXPECT_EQ(line(R"({"ns":1,"ticks":1.5})"),
            "t.jsonl:2: 'ticks' must be a whole number >= 0, got 1.5");
  EXPECT_EQ(line(R"({"ns":1,"ticks":-3})"),
            "t.jsonl:2: 'ticks' must be a whole number >= 0, got -3");
  EXPECT_EQ(line(R"({"ns":1,"ticks":18446744073709551615})"),
            "t.jsonl:2: 'ticks' must be a whole number >= 0, got 18446744073709551615");
  EXPECT_EQ(line(R"({"ns":5,"ticks":1})"
                 "\n"
                 R"({"ns":4,"ticks":2})"),
            "t.jsonl:3: time goes backwards, from 5 to 4");
  EXPECT_EQ(line(R"({"ns":5,"ticks":1,"background":1})"),
            "t.jsonl:2: 'background' must be true or false, got 1");
  EXPECT_EQ(line(R"({"ns":5,"failure":""})"),
            "t.jsonl:2: 'failure' must be a text that is not empty");
  EXPECT_EQ(line(R"({"ns":5,"ticks":1,"joules":1})"), "t.jsonl:2: unknown member 'joules'");
  EXPECT_EQ(line("\n"), "t.jsonl:2: not JSON at byte 1");
  EXPECT_EQ(line("[]"), "t.jsonl:2: expected an object, got array");
  EXPECT_EQ(line(R"({"ns":5,"ticks":1,"background":)" + test::nested_json(75000) + "}"),
            "t.jsonl:2: nested more than 64 deep");
  EXPECT_EQ(line(R"({"ns":5,"ns":6,"ticks":1})"), "t.jsonl:2: the member \"ns\" is there twice");
  const test::TemporaryFolder folder;
  EXPECT_EQ(data_error_of([&] { open_replay(folder / "nowhere"); }),
            folder / "nowhere" + ": cannot be opened: No such file or directory");
  EXPECT_EQ(data_error_of([&] { open_replay(folder.path().string()); }),
            folder.path().string() + ": is a directory, expected a file");
  EXPECT_EQ(data_error_of([] { open_replay("/dev/zero"); }),
            "/dev/zero: is no regular file, expected a file");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);  // nobody will ever write to it
  EXPECT_EQ(data_error_of([&] { open_replay(folder / "pipe"); }),
            folder / "pipe" + ": is no regular file, expected a file");
  write(folder / "large", "{");
  std::filesystem::resize_file(folder / "large", (std::uintmax_t{256} << 20) + 1);  // a hole
  EXPECT_EQ(data_error_of([&] { open_replay(folder / "large"); }),
            folder / "large" + ": a trace has at most 268435456 bytes");
  EXPECT_EQ(data_error_of([&] { open_replay(test::write(folder / "empty", "")); }),
            folder / "empty" + ": is empty, expected a trace");
  EXPECT_EQ(open_replay(test::write(folder / "good", kHead))->info().name, "replay of rapl");
}

}  // namespace
}  // namespace joule::energy
