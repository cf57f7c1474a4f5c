// SPDX-License-Identifier: MIT
// What accounting costs: per dispatched operation, per window of a meter, and per step of training.
// A step of SmallCnn dispatches about 40 operations: at most 1 % of 100 ms leaves 25 us for each.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/core/op.h"
#include "joule/energy/ledger.h"
#include "joule/energy/meters/replay.h"
#include "joule/energy/window.h"
#include "joule/training/energy/energy_account.h"

namespace joule::energy {
namespace {

/// The records of one step: 10 layers, forward and backward, 2 operations each.
std::vector<OpRun> step() {
  std::vector<OpRun> runs;
  for (int layer = 0; layer < 10; ++layer) {
    for (const Phase phase : {Phase::forward, Phase::backward}) {
      for (const std::string_view op : {"conv2d", "relu"}) {
        runs.push_back({op, "cpu.direct", {intern("layer" + std::to_string(layer)), phase}});
      }
    }
  }
  return runs;
}

void record(benchmark::State& state) {
  static Ledger ledger;
  const std::vector<OpRun> runs = step();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ledger.record(runs[next], {.macs = 1}));
    next = next + 1 == runs.size() ? 0 : next + 1;
  }
}
BENCHMARK(record)->Threads(1)->Threads(2)->UseRealTime();

struct Nothing {
  static constexpr std::string_view kName = "nothing";
  Device device() const { return Device::cpu; }
  DType dtype() const { return DType::f32; }
  void check() const {}
  Work work() const { return {}; }
  static std::span<const Implementation<Nothing>> implementations() {
    static constexpr std::array kTable = {
        Implementation<Nothing>{kReference, Device::cpu, runs_all,
                                [](const Nothing&, Context&, Tally*) {}},
    };
    return kTable;
  }
};

void dispatch_unrecorded(benchmark::State& state) {
  for (auto _ : state) dispatch(Nothing{});
}
BENCHMARK(dispatch_unrecorded);

void dispatch_recorded(benchmark::State& state) {
  Ledger ledger;
  const Recording recording(ledger);
  for (auto _ : state) dispatch(Nothing{});
}
BENCHMARK(dispatch_recorded);

constexpr int kReadings = 100'000;  // of the trace: a benchmark that reads more would see it end

/// A meter whose readings cost nothing but the memory that they lie in: what is left is Joule's
/// part.
std::unique_ptr<Meter> replayed() {
  std::string trace =
      R"({"joule_trace":1,"meter":"rapl","scope":"package 0","joules_per_tick":1e-6,)"
      R"("systematic":0.0,"update_period_s":0.001})"
      "\n";
  for (std::int64_t i = 0; i < kReadings; ++i) {
    trace += str(R"({"ns":)", 10'000'000 * i, R"(,"ticks":)", 500'000 * i, "}\n");
  }
  return replay_meter(trace, "trace");
}

void reading(benchmark::State& state) {
  const auto meter = replayed();
  for (auto _ : state) benchmark::DoNotOptimize(meter->read());
}
BENCHMARK(reading)->Iterations(kReadings);

/// A window in which nothing runs, from opening to closing: two readings.
void window(benchmark::State& state) {
  const auto meter = replayed();
  for (auto _ : state) {
    Window window(*meter);
    benchmark::DoNotOptimize(window.close());
  }
}
BENCHMARK(window)->Iterations(kReadings / 2);

/// What the trainer asks after every step.
void account_step(benchmark::State& state, bool metered, bool budget) {
  Meters meters;
  if (metered) {
    meters.push_back(replayed());
  } else {
    meters = open_meters("none");
  }
  training::Accounting accounting{
      std::make_shared<training::Metering>(charge(std::move(meters), {})), {}};
  if (budget) accounting.budget = Joules(1e18);
  training::EnergyAccount account(std::move(accounting));
  account.begin({});
  for (auto _ : state) {
    benchmark::DoNotOptimize(account.per_image(1));
    benchmark::DoNotOptimize(account.over_budget());
  }
}
BENCHMARK_CAPTURE(account_step, without_meter, false, false);
BENCHMARK_CAPTURE(account_step, with_meter, true, false);
BENCHMARK_CAPTURE(account_step, with_budget, true, true)->Iterations(kReadings - 10);

void lines(benchmark::State& state) {
  Ledger ledger;
  for (const OpRun& run : step()) ledger.record(run, {.macs = 1});
  for (auto _ : state) benchmark::DoNotOptimize(ledger.lines());
}
BENCHMARK(lines);

}  // namespace
}  // namespace joule::energy

BENCHMARK_MAIN();
