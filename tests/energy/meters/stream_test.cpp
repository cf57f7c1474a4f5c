// SPDX-License-Identifier: MIT
#include "joule/energy/meters/stream/stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "joule/energy/measurement.h"
#include "joule/energy/meters/stream/lines.h"
#include "joule/energy/meters/stream/spec.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/window.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"

namespace joule::energy {
namespace {

using test::error_of;

/// Time that passes in sleep_ns(); lines come as it does.
class Plug final : public Clock {
 public:
  Plug() {
    path = folder / "plug";
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    fifo = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    machine.clock = this;
  }
  ~Plug() override { ::close(fifo); }

  std::int64_t now_ns() override { return now; }
  void sleep_ns(std::int64_t ns) override {
    now += ns;
    for (; live && next * 1'000'000'000 <= now; ++next)
      say(str(next, ".0 ", joules ? watts * next : watts));
  }
  bool simulated() const override { return true; }
  void say(const std::string& line) const {
    EXPECT_EQ(::write(fifo, (line + "\n").data(), line.size() + 1), std::ssize(line) + 1);
  }
  std::unique_ptr<Meter> open(const std::string& unit = "mean-watts") {
    return open_stream(machine, unit + ":" + path);
  }
  /// Waits, looking in every second.
  void run(Meter& meter, int seconds) {
    for (; seconds > 0; --seconds) {
      sleep_ns(1'000'000'000);
      meter.read(Purpose::background);
    }
  }

  test::TemporaryFolder folder;
  std::string path;
  Machine machine;
  std::int64_t now = 0, next = 0;
  int watts = 60;
  bool live = true, joules = false;

 private:
  int fifo;
};

TEST(Stream, OfMeanWattsIsIntegratedOverItsOwnTimes) {
  Plug plug;
  const auto meter = plug.open();
  ASSERT_TRUE(meter->available()) << meter->info().reason;
  EXPECT_EQ(meter->info().update_period, Seconds(1));
  EXPECT_EQ(meter->info().domain, Domain::machine);
  EXPECT_EQ(meter->info().scope, "the machine, as " + plug.path + " tells its power");
  Window window(*meter);
  plug.run(*meter, 10);
  plug.watts = 90;
  plug.run(*meter, 5);
  const Measurement m = measure(meter->info(), window.close(), no_idle_power("-"));
  EXPECT_EQ(m.gross.value(), Joules(10 * 60 + 5 * 90));
  EXPECT_EQ(m.gross.quality(), Quality::sampled);
  EXPECT_NEAR(m.gross.uncertainty()->value(), 4 * 70 + 1e-6, 1e-9) << "two periods per edge";
}

TEST(Stream, OfMomentsIsBoundedByLimitAndBand) {
  Plug plug;
  const auto gross = [&](const std::string& unit) {
    const auto meter = plug.open(unit);
    Window window(*meter);
    plug.run(*meter, 10);
    return measure(meter->info(), window.close(), no_idle_power("-")).gross;
  };
  EXPECT_EQ(gross("watts").uncertainty(), std::nullopt);
  const double edges = 4 * 60 + 1e-6;
  EXPECT_NEAR(gross("watts,limit=100").uncertainty()->value(), edges + 600, 1e-9)
      << "between 0 and 100 W: 60 W off at most";
  const double turns = 2 * 3.14159265358979 * 0.02;
  EXPECT_NEAR(gross("watts,limit=100,band=.02").uncertainty()->value(),
              edges + 10 * turns * turns / 12 * 50, 1e-6);
  EXPECT_NEAR(gross("mean-watts,accuracy=.01").uncertainty()->value(), edges + 6, 1e-9);
}

TEST(Stream, OfJoulesIsACounterThatAStallLosesNothingOf) {
  Plug plug;
  plug.joules = true;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(plug.open("joules"));
  calibrate(meters);
  Meter& meter = *meters.front();
  EXPECT_NEAR(meter.info().update_period->value(), 1, 0.01);
  Window window(meter);
  plug.run(meter, 3);
  plug.live = false;
  plug.run(meter, 8);
  const Reading stalled = meter.read();
  EXPECT_EQ(stalled.status, Status::failed);
  EXPECT_EQ(stalled.reason, "no line came for 8 s");
  plug.live = true;
  plug.run(meter, 1);
  const Measurement m = measure(meter.info(), window.close(), no_idle_power("-"));
  EXPECT_EQ(m.gross.value(), Joules(12 * 60));
  EXPECT_EQ(m.gross.quality(), Quality::measured);
}

TEST(Stream, OfWattsThatStallsHasLostItsPlace) {
  Plug plug;
  const auto meter = plug.open();
  Window window(*meter);
  plug.run(*meter, 3);
  plug.live = false;
  plug.run(*meter, 8);
  plug.next += 8;
  plug.live = true;
  plug.run(*meter, 2);
  EXPECT_EQ(window.close().problem().find("the power was not told for 9 s, "), 0u)
      << window.close().problem();
  Window after(*meter);
  plug.run(*meter, 4);
  EXPECT_EQ(after.close().ticks(), 240'000'000);
}

TEST(Stream, ALineThatWasNotLookedForIsNotLate) {
  Plug plug;
  const auto meter = plug.open();
  plug.sleep_ns(30'900'000'000);  // the last line came almost a second ago
  EXPECT_EQ(meter->read().status, Status::ok) << meter->read().reason;
}

TEST(Stream, WhatIsWrongEndsItWithOneReasonFromThenOn) {
  const std::map<std::string, std::string> wrong{
      {"5 nan", "line 4: expected seconds and watts, got '5 nan'"},
      {"5 1e300", "line 4: 1e+300 watts is more than any machine's 1e+06"},
      {"5 -3", "line 4: -3 watts is less than nothing"},
      {"1 60", "line 4: time goes back, from 2 to 1 s"},
      {"2 61", "line 4: two values, 60 and 61 watts, at 2 s"},
      {"5 60 J", "line 4: the unit is joules, and watts were asked for"},
      {"seconds joules", "line 4: the unit is joules, and watts were asked for"},
      {"5 60 mW", "line 4: the unit is 'mW', expected watts or joules"},
      {"5;60", "line 4: expected seconds and watts, got '5;60'"},
      {std::string(300, '1'), "line 4: is longer than 200 bytes"},
      {"9000 60",
       "the stream's times went on by 9 ks in 2.99 s: are they in seconds, and written at "
       "once?"}};
  for (const auto& [line, reason] : wrong) {
    Plug plug;
    const auto meter = plug.open();
    ASSERT_TRUE(meter->available());
    plug.live = false;
    Window window(*meter);
    plug.sleep_ns(1'000'000'000);
    plug.say(line);
    const std::string problem = window.close().problem();
    EXPECT_EQ(problem.find(reason), 0u) << line << ": " << problem;
    plug.say("10 60");
    EXPECT_EQ(meter->read().status, Status::failed) << "for good";
  }
}

TEST(Stream, ALineMayBeACommentAHeaderOrComeInPieces) {
  StreamLines lines(false, Watts(100));
  EXPECT_TRUE(lines.take("# a plug\nseconds watts\n\n0 1").empty());
  const auto samples = lines.take("0.5\n  1.0\t11 W\r\n1.0 11\n");
  ASSERT_EQ(samples.size(), 2u) << "the same line again is no sample";
  EXPECT_EQ(samples[0].value, 10.5);
  EXPECT_EQ(samples[1].seconds, 1.0);
  EXPECT_EQ(lines.problem(), "");
  lines.take("2 101\n");
  EXPECT_EQ(lines.problem(), "line 7: 101 watts is more than the stated limit of 100");
  EXPECT_TRUE(lines.take("3 5\n").empty()) << "nothing more is taken";
}

TEST(Stream, TimesThatAreNotSecondsAreSeenBeforeAWindow) {
  for (const double factor : {1000.0, 1 / 60.0}) {
    struct Other final : Clock {
      std::int64_t now_ns() override { return plug.now; }
      void sleep_ns(std::int64_t ns) override {
        plug.now += ns;
        for (; next * 500'000'000 <= plug.now; ++next) {
          plug.say(str(factor * 0.5 * static_cast<double>(next), " 60"));
        }
      }
      Plug plug;
      std::int64_t next = 0;
      double factor = 1;
    } other;
    other.factor = factor;
    other.plug.machine.clock = &other;
    EXPECT_NE(other.plug.open()->info().reason.find("are they in seconds"), std::string::npos);
  }
}

TEST(Stream, AQuietOneIsNotWaitedForLong) {
  Plug plug;
  plug.live = false;
  plug.say("0 60");
  const auto meter = plug.open();
  EXPECT_EQ(meter->info().status, Status::failed);
  EXPECT_EQ(meter->info().reason, "only 1 of 3 lines came in 10 s");
  plug.say("0 60\n1 60\n2 60");
  EXPECT_EQ(plug.open()->info().reason,
            "its lines came all at once: a program has to write each when it is measured");
  EXPECT_EQ(open_stream(plug.machine, "watts:/nowhere")->info().reason,
            "/nowhere: No such file or directory");
  EXPECT_EQ(open_stream(plug.machine, "watts:tcp:1")->info().reason,
            "127.0.0.1:1: Connection refused");
}

TEST(Stream, ACommandIsRunAndEndedWithItsMeter) {
  const test::TemporaryFolder folder;
  const std::string pid = folder / "pid";
  {
    const auto meter =
        open_stream({}, "watts:exec:echo $$ > " + pid +
                            "; echo 0 10; sleep .6; echo .6 10; sleep .6; echo 1.2 10; sleep 60");
    EXPECT_TRUE(meter->available()) << meter->info().reason;
    EXPECT_EQ(meter->read().status, Status::ok);
    EXPECT_EQ(::kill(std::stoi(read_whole_file(pid).text), 0), 0);
  }
  EXPECT_NE(::kill(std::stoi(read_whole_file(pid).text), 0), 0) << "it is gone";
  const auto brief = open_stream({}, "watts:exec:echo 0 10");
  EXPECT_EQ(brief->info().reason, "the stream has ended");
}

TEST(Stream, APortOfThisMachine) {
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(server, 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::thread writer([server] {
    const int client = ::accept(server, nullptr, nullptr);
    for (const std::string text : {"0 5\n", "0.6 5\n", "1.2 5\n"}) {
      EXPECT_EQ(::write(client, text.data(), text.size()), std::ssize(text));
      std::this_thread::sleep_for(std::chrono::milliseconds(600));
    }
    char one = 0;
    EXPECT_EQ(::read(client, &one, 1), 0) << "until the meter closes it";
    ::close(client);
  });
  {
    const auto meter = open_stream({}, str("watts:tcp:", ntohs(address.sin_port)));
    EXPECT_TRUE(meter->available()) << meter->info().reason;
  }
  writer.join();
  ::close(server);
}

TEST(Stream, ItsOptions) {
  const StreamSpec spec = parse_stream_spec("watts,limit=300,band=.5,domain=gpu,stall=9:tcp:99");
  EXPECT_EQ(spec.limit, Watts(300));
  EXPECT_EQ(spec.band_hz, 0.5);
  EXPECT_EQ(spec.domain, Domain::gpu);
  EXPECT_EQ(spec.stall, Seconds(9));
  EXPECT_EQ(spec.source, "99");
  EXPECT_EQ(parse_stream_spec("joules:exec:a:b,c").source, "a:b,c");
  for (const auto& [text, why] : std::map<std::string, std::string>{
           {"watts",
            "meter: expected stream:UNIT[,KEY=VALUE]...:SOURCE, such as "
            "stream:watts,limit=300:/tmp/plug, got 'stream:watts'"},
           {"kilowatts:/x", "stream: expected watts, mean-watts or joules, got 'kilowatts'"},
           {"watts,power=3:/x",
            "stream: expected domain=, limit=, band=, stall= or accuracy=, got "
            "'power=3'"},
           {"watts,limit=0:/x", "stream: limit: expected more than 0, got 0"},
           {"watts,domain=car:/x",
            "stream: domain: expected processors, gpu, module, machine or "
            "unknown, got 'car'"},
           {"watts,band=1:/x", "stream: band= bounds nothing without limit="},
           {"watts:tcp:70000", "stream: tcp: expected a port of this machine, got 70000"}}) {
    EXPECT_EQ(error_of([&, &text = text] { parse_stream_spec(text); }), why);
  }
}

}  // namespace
}  // namespace joule::energy
