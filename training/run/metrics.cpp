// SPDX-License-Identifier: MIT
#include "joule/training/run/metrics.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/training/energy/energy_json.h"
#include "joule/training/run/counts.h"
#include "joule/training/run/json_value.h"
#include "joule/training/run/summary_json.h"

namespace joule::training {
namespace {

template <class AnyMetrics, class Visit>
void for_each_member(AnyMetrics& m, Visit&& visit) {
  visit("epoch", m.epoch);
  visit("train_loss", m.train_loss);
  visit("l0_penalty", m.l0_penalty);
  visit("train_accuracy", m.train_accuracy);
  visit("validation_accuracy", m.validation_accuracy);
  visit("validation_loss", m.validation_loss);
  visit("test_accuracy", m.test_accuracy);
  visit("test_loss", m.test_loss);
  visit("seconds", m.seconds);
  visit("images_per_second", m.images_per_second);
  visit("relu_outputs", m.relu_outputs);
  visit("relu_outputs_nonzero", m.relu_outputs_nonzero);
}

template <class AnyRanks, class Visit>
void for_each_of_ranks(AnyRanks& r, Visit&& visit) {
  visit("count", r.count);
  visit("hosts", r.hosts);
  visit("bytes", r.bytes);
  visit("seconds_mean", r.seconds_mean);
  visit("seconds_least", r.seconds_least);
  visit("seconds_most", r.seconds_most);
}

template <class T>
ordered_json value_of(const T& value) {
  return value;
}
ordered_json value_of(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

void read(const ordered_json& json, const char* name, double& value) {
  read_exactly(json.at(name), value);
}
void read(const ordered_json& json, const char* name, std::optional<double>& value) {
  if (!json.at(name).is_null()) value = exact_value<double>(json.at(name));
}
void read(const ordered_json& json, const char* name, std::int64_t& value) {
  value = count_of(json, name);
}

}  // namespace

std::vector<double> numbers(const EpochMetrics& epoch) {
  std::vector<double> all;
  const auto add = [&](const auto& value) { all.push_back(static_cast<double>(value)); };
  for_each_member(epoch, [&](const char*, const auto& value) {
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(value)>>) {
      add(value);
    } else {
      add(value.value_or(0));  // of all epochs of a run, or of none
    }
  });
  return all;
}

ordered_json json_of(const EpochMetrics& m) {
  ordered_json line;
  for_each_member(m, [&](const char* name, const auto& value) { line[name] = value_of(value); });
  if (m.control) {
    line["control"] = {{"lambda", m.control->lambda},
                       {"measured", m.control->measured},
                       {"target", m.control->target}};
  }
  if (m.ranks) {
    for_each_of_ranks(*m.ranks, [&](const char* name, auto value) { line["ranks"][name] = value; });
  }
  line["energy"] = json_of(m.energy);
  if (m.merged.count > 0) line["merged"] = m.merged.count;
  return line;
}

std::string to_jsonl(std::span<const EpochMetrics> metrics) {
  std::string lines;
  for (const EpochMetrics& m : metrics) lines += dumped(json_of(m)) + "\n";
  return lines;
}

std::vector<EpochMetrics> parse_jsonl(std::string_view text, Device device) {
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
      for_each_member(m, [&](const char* name, auto& value) { read(json, name, value); });
      if (const auto control = json.find("control"); control != json.end()) {
        ControlMetrics& c = m.control.emplace();
        read(*control, "lambda", c.lambda);
        read(*control, "measured", c.measured);
        read(*control, "target", c.target);
      }
      if (const auto ranks = json.find("ranks"); ranks != json.end()) {
        for_each_of_ranks(m.ranks.emplace(),
                          [&](const char* name, auto& value) { read(*ranks, name, value); });
      }
      m.energy = epoch_energy_of(json.at("energy"), device);
      check_counts(m.energy, kLargestSum);
    } catch (const ordered_json::exception& error) {
      refuse(error.what());
    } catch (const ArgumentError& error) {
      refuse(error.what());
    }
  }
  return metrics;
}

}  // namespace joule::training
