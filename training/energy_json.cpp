// SPDX-License-Identifier: MIT
#include "training/energy_json.h"

#include <optional>
#include <string>

#include "training/json_value.h"

namespace joule::training {
namespace {

using energy::Joules;
using energy::Totals;
using energy::WindowSum;

/// Calls visit(name, member) for each count: the one list that writing and reading share.
template <class AnyTotals, class Visit>
void for_each_count(AnyTotals& t, Visit&& visit) {
  visit("calls", t.calls);
  visit("macs", t.work.macs);
  visit("macs_skippable", t.tally.macs_skippable);
  visit("macs_skipped", t.tally.macs_skipped);
  visit("bytes_read", t.work.bytes_read);
  visit("bytes_written", t.work.bytes_written);
  visit("values_in", t.tally.values_in);
  visit("values_in_nonzero", t.tally.values_in_nonzero);
  visit("nanoseconds", t.tally.nanoseconds);
}

ordered_json joules_or_null(const std::optional<Joules>& energy) {
  return energy ? ordered_json(energy->value()) : ordered_json();
}

std::optional<Joules> joules_of(const ordered_json& json) {
  if (json.is_null()) return {};
  return Joules(exact_value<double>(json));
}

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

std::string text_of(const ordered_json& json) {
  return json.is_null() ? std::string() : json.get<std::string>();
}

WindowSum window_sum_of(const ordered_json& json) {
  return {.meter = json.at("meter"),
          .scope = text_of(json.at("scope")),
          .unit = Joules(exact_value<double>(json.at("joules_per_tick"))),
          .systematic = exact_value<double>(json.at("systematic")),
          .ticks = exact_value<std::int64_t>(json.at("ticks")),
          .nanoseconds = exact_value<std::int64_t>(json.at("nanoseconds")),
          .edges = joules_of(json.at("edges_joules")),
          .idle = Joules(exact_value<double>(json.at("idle_joules"))),
          .idle_width = joules_of(json.at("idle_uncertainty_joules")),
          .idle_stated = json.at("idle_stated"),
          .no_idle = text_of(json.at("no_idle")),
          .missing = text_of(json.at("missing"))};
}

ordered_json json_of(const PartEnergy& part) {
  ordered_json json = figures_of(part);
  ordered_json meters = ordered_json::array();
  for (const WindowSum& sum : part.measured) meters.push_back(training::json_of(sum));
  json["meters"] = meters;
  for_each_count(part.work, [&](const char* name, auto count) { json["work"][name] = count; });
  return json;
}

PartEnergy part_of(const ordered_json& json) {
  PartEnergy part;
  for (const ordered_json& sum : json.at("meters")) part.measured.push_back(window_sum_of(sum));
  for_each_count(part.work, [&](const char* name, auto& count) {
    read_exactly(json.at("work").at(name), count);
  });
  return part;
}

}  // namespace

ordered_json figures_of(const PartEnergy& part) {
  const energy::EnergySplit split = measured(part);
  ordered_json json{{"gross", json_of(split.gross)},
                    {"idle", json_of(split.idle)},
                    {"dynamic", json_of(split.dynamic)}};
  for (const energy::CostModel& profile : energy::built_in_cost_models()) {
    json["modelled"][profile.name] = json_of(modelled(part, profile));
  }
  return json;
}

ordered_json json_of(const WindowSum& sum) {
  return {{"meter", sum.meter},
          {"scope", text_or_null(sum.scope)},
          {"joules_per_tick", sum.unit.value()},
          {"systematic", sum.systematic},
          {"ticks", sum.ticks},
          {"nanoseconds", sum.nanoseconds},
          {"edges_joules", joules_or_null(sum.edges)},
          {"idle_joules", sum.idle.value()},
          {"idle_uncertainty_joules", joules_or_null(sum.idle_width)},
          {"idle_stated", sum.idle_stated},
          {"no_idle", text_or_null(sum.no_idle)},
          {"missing", text_or_null(sum.missing)}};
}

ordered_json json_of(const EpochEnergy& epoch) {
  return {{"training", json_of(epoch.training)}, {"evaluation", json_of(epoch.evaluation)}};
}

EpochEnergy epoch_energy_of(const ordered_json& json) {
  return {.training = part_of(json.at("training")), .evaluation = part_of(json.at("evaluation"))};
}

}  // namespace joule::training
