// SPDX-License-Identifier: MIT
#include "joule/training/run/metrics.h"

#include "joule/core/error.h"
#include "joule/tests/fuzz/reader.h"

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
  return {training::to_jsonl({&epoch, 1}),
          training::to_jsonl({&epoch, 1}) + training::to_jsonl({&epoch, 1})};
}

}  // namespace

const Reader kMetrics{.name = "metrics", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
