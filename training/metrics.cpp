// SPDX-License-Identifier: MIT
#include "training/metrics.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json_text.h"
#include "training/energy_json.h"
#include "training/json_value.h"

namespace joule::training {
namespace {

template <class AnyMetrics, class Visit>
void for_each_member(AnyMetrics& m, Visit&& visit) {
  visit("epoch", m.epoch);
  visit("train_loss", m.train_loss);
  visit("l0_penalty", m.l0_penalty);
  visit("train_accuracy", m.train_accuracy);
  visit("test_accuracy", m.test_accuracy);
  visit("test_loss", m.test_loss);
  visit("seconds", m.seconds);
  visit("images_per_second", m.images_per_second);
  visit("relu_outputs", m.relu_outputs);
  visit("relu_outputs_nonzero", m.relu_outputs_nonzero);
}

}  // namespace

std::string to_jsonl(std::span<const EpochMetrics> metrics) {
  std::string lines;
  for (const EpochMetrics& m : metrics) {
    ordered_json line;
    for_each_member(m, [&](const char* name, const auto& value) { line[name] = value; });
    line["energy"] = json_of(m.energy);
    lines += line.dump() + "\n";
  }
  return lines;
}

std::vector<EpochMetrics> parse_jsonl(std::string_view text) {
  std::vector<EpochMetrics> metrics;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto refuse = [&](std::string_view why) {
      throw ArgumentError(str("metrics: not a line of an epoch: ", why));
    };
    if (const std::string fault = fault_of_json(line); !fault.empty()) refuse(fault);
    try {
      const ordered_json json = ordered_json::parse(line);
      EpochMetrics& m = metrics.emplace_back();
      for_each_member(m,
                      [&](const char* name, auto& value) { read_exactly(json.at(name), value); });
      m.energy = epoch_energy_of(json.at("energy"));
    } catch (const ordered_json::exception& error) {
      refuse(error.what());
    } catch (const ArgumentError& error) {
      refuse(error.what());
    }
  }
  return metrics;
}

}  // namespace joule::training
