// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "joule/energy/attribution/profile.h"
#include "joule/energy/meters/replay.h"
#include "joule/energy/window.h"
#include "joule/tests/support/sources.h"

// A profile of a recorded trace, and the reports that it has to give, byte for byte.
namespace joule::test {

using namespace energy;  // NOLINT(google-build-using-namespace)

// Not by __FILE__: ccache may make that relative to somewhere else.
inline std::string golden_folder() { return source_path("tests/report/profile"); }

inline std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// A step of a small net: a convolution with a name that needs quoting, and what is in no layer.
inline std::vector<Ledger::Line> step() {
  Ledger::Line conv, conv_grad, update;
  conv.run = {"conv2d", "cpu.skip_zero", {"a \"b\", c\\", Phase::forward}};
  conv.calls = 1;
  conv.work = {.macs = 2'000'000'000, .bytes_read = 800'000, .bytes_written = 200'000};
  conv.tally = {.macs_skippable = 900'000'000,
                .macs_skipped = 800'000'000,
                .values_in = 100'000,
                .values_in_nonzero = 40'000,
                .nanoseconds = 400'000'000};
  conv_grad.run = {"conv2d_grad_weight", "cpu.direct", {"a \"b\", c\\", Phase::backward}};
  conv_grad.calls = 1;
  conv_grad.work = {.macs = 1'000'000'000, .bytes_read = 500'000, .bytes_written = 4'000};
  conv_grad.tally = {.nanoseconds = 300'000'000};
  update.run = {"sgd_update", "cpu.simd", {"", Phase::update}};
  update.calls = 2;
  update.work = {.bytes_read = 8'000, .bytes_written = 4'000};
  update.tally = {.nanoseconds = 1'000'000};
  return {conv, conv_grad, update};
}

struct Recorded {
  Profile profile;
  Interval window;
  std::vector<Piece> pieces;
};

/// Two steps on the readings of tests/report/profile/trace.jsonl, between two quiet spells.
inline Recorded replayed(Rule rule) {
  const auto meter = open_replay(golden_folder() + "/trace.jsonl");
  std::vector<Quiet> quiet;
  quiet.push_back({{Window(*meter).close()}});
  Window window(*meter);
  std::vector<Piece> pieces;
  for (int i = 0; i < 2; ++i) pieces.push_back({window.lap(), step()});
  const Interval whole = window.so_far();
  quiet.push_back({{Window(*meter).close()}});
  std::vector<Ledger::Line> lines = step();
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] += step()[i];
  const IdlePower idle = measured_idle_power(meter->info(), quiet);
  MeterInfo denied{
      .name = "perf", .status = Status::denied, .reason = "only root", .remedy = "ask"};
  const MeterInfo card{
      .name = "nvml", .scope = "GPU 1", .domain = Domain::gpu, .unit = Joules(1e-3)};
  const auto of_card = Figure<Joules>::measured(Joules(3), Joules(1), source(card));
  return {{.model = "net",
           .input = "8x8x1",
           .data = "handmade",
           .mode = "training",
           .batch = 4,
           .steps = 2,
           .warmup = 1,
           .meter = meter->info(),
           .beside = {{.meter = card, .why = "it idled", .gross = of_card}},
           .idle_power = idle.mean,
           .cost = horowitz45(),
           .lines = lines,
           .attribution = rule == Rule::time
                              ? attribute_by_time(meter->info(), whole, idle, lines)
                              : attribute_by_model(meter->info(), whole, idle, lines, horowitz45()),
           .notes = {"one <note>"},
           .environment = {{"processor", "an abacus"}},
           .sources = {meter->info(), denied},
           .windows = {{"idle, before", quiet[0].whole()},
                       {"step", pieces[0].interval},
                       {"step", pieces[1].interval},
                       {"idle, after", quiet[1].whole()}}},
          whole,
          pieces};
}

/// JOULE_WRITE_GOLDEN=1 writes the file anew instead.
inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = golden_folder() + "/" + name;
  if (std::getenv("JOULE_WRITE_GOLDEN")) {
    std::ofstream(path, std::ios::binary) << text;
  }
  EXPECT_EQ(text, contents(path)) << path;
}

}  // namespace joule::test
