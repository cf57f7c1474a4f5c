// SPDX-License-Identifier: MIT
//
// What a query of a table in memory costs: all cells of 7 vertices, or of as many as $VERTICES
// says, in random order.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>

#include "joule/nas/cell/enumerate.h"
#include "joule/nas/table/table.h"

namespace joule::nas {
namespace {

struct Space {
  Table table;
  std::vector<NamedCell> cells;  // in random order
};

const Space& space() {
  static const Space all = [] {
    Space made;
    const char* const vertices = std::getenv("VERTICES");
    made.cells = enumerate({.vertices = vertices ? std::atoi(vertices) : 7});
    for (const NamedCell& one : made.cells) {
      Record record{.cell = one.cell, .epochs = 4, .fingerprint = one.fingerprint};
      for (const char* const name : {kTrainingTime, kEnergy, kValidationAccuracy, kTestAccuracy}) {
        record.values.push_back({.metric = {.name = name}, .number = 0.5});
      }
      made.table.add(record);
    }
    std::shuffle(made.cells.begin(), made.cells.end(), std::mt19937(1));
    return made;
  }();
  return all;
}

void by_fingerprint(benchmark::State& state) {
  Table table = space().table;
  const Column energy = table.column(kEnergy), accuracy = table.column(kValidationAccuracy);
  std::size_t i = 0;
  double sum = 0;
  for (auto _ : state) {
    const Answer answer = table.query(space().cells[i].fingerprint, 4);
    sum += *answer.number(energy) + *answer.number(accuracy);
    if (++i == space().cells.size()) i = 0;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(by_fingerprint);

void by_known_cell(benchmark::State& state) {
  Table table = space().table;
  const Column energy = table.column(kEnergy), accuracy = table.column(kValidationAccuracy);
  std::size_t i = 0;
  double sum = 0;
  for (auto _ : state) {
    const Answer answer = table.query(space().cells[i].cell, 4);
    sum += *answer.number(energy) + *answer.number(accuracy);
    if (++i == space().cells.size()) i = 0;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(by_known_cell);

/// A random cell, mostly one that was never asked for: its fingerprint is taken.
void by_new_cell(benchmark::State& state) {
  Table table = space().table;
  Generator generator(1);
  std::vector<Cell> cells;
  for (int i = 0; i < 20000; ++i) cells.push_back(random_cell({}, generator));
  std::size_t i = 0, found = 0;
  for (auto _ : state) {
    found += table.find(cells[i], 4).has_value();
    if (++i == cells.size()) i = 0;
  }
  benchmark::DoNotOptimize(found);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(by_new_cell)->Iterations(20000);

}  // namespace
}  // namespace joule::nas

BENCHMARK_MAIN();
