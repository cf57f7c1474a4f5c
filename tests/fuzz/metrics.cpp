// SPDX-License-Identifier: MIT
#include "joule/training/run/metrics.h"

#include "joule/core/error.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/training/run/spent_file.h"

namespace joule::fuzz {
namespace {

/// The lines of metrics.jsonl, which a checkpoint holds, with the energies of an epoch.
void read(std::string_view bytes) {
  std::vector<training::EpochMetrics> metrics;
  try {
    metrics = training::parse_jsonl(bytes);
  } catch (const ArgumentError&) {
    return;
  }
  const std::string text = training::to_jsonl(metrics);
  require(training::to_jsonl(training::parse_jsonl(text)) == text, "other metrics");
}

std::vector<std::string> seeds() {
  training::EpochMetrics epoch{.epoch = 1, .train_loss = 0.5};
  epoch.energy.training.measured.push_back(
      {.meter = "rapl", .scope = "package 0", .unit = energy::Joules(1e-6), .ticks = 7});
  epoch.energy.training.work.work.macs = 12;
  // A window that follows on another, and a sum of them that only the laps tell.
  epoch.energy.evaluation.measured = epoch.energy.training.measured;
  epoch.energy.evaluation.measured[0].chain =
      energy::Chain{.begin = {.ns = 5, .ticks = 1, .open = energy::Seconds(1e-3)},
                    .end = {.ns = 9, .ticks = 8, .open = energy::Seconds(1e-3)},
                    .power = energy::Watts(3),
                    .gaps = energy::Seconds(1e-4)};
  epoch.energy.laps = epoch.energy.evaluation.measured;
  return {training::to_jsonl({&epoch, 1}),
          training::to_jsonl({&epoch, 1}) + training::to_jsonl({&epoch, 1})};
}

/// What a run with a budget has spent.
void read_spent(std::string_view bytes) {
  training::SpentFile spent;
  try {
    spent = training::parse_spent(bytes, "spent.json");
  } catch (const DataError&) {
    return;
  }
  const std::string text = to_json(spent);
  require(to_json(training::parse_spent(text, "spent.json")) == text, "another budget");
}

std::vector<std::string> spent_seeds() {
  return {
      to_json(training::SpentFile{.spent = energy::Joules(12.5), .budget = energy::Joules(500)}),
      R"({"spent_joules":1e308,"budget_joules":0})"};
}

}  // namespace

const Reader kMetrics{.name = "metrics", .read = read, .seeds = seeds};
const Reader kSpent{.name = "spent", .read = read_spent, .seeds = spent_seeds};

}  // namespace joule::fuzz
