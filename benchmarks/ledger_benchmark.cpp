// SPDX-License-Identifier: MIT
// What accounting costs per dispatched operation.  A training step of SmallCnn dispatches about 40:
// at most 1 % of 100 ms leaves 25 us for each.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "core/op.h"
#include "energy/ledger.h"

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

void lines(benchmark::State& state) {
  Ledger ledger;
  for (const OpRun& run : step()) ledger.record(run, {.macs = 1});
  for (auto _ : state) benchmark::DoNotOptimize(ledger.lines());
}
BENCHMARK(lines);

}  // namespace
}  // namespace joule::energy

BENCHMARK_MAIN();
