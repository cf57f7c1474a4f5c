// SPDX-License-Identifier: MIT
#include "joule/training/energy/energy_json.h"

#include <optional>
#include <string>
#include <vector>

#include "joule/core/error.h"
#include "joule/energy/run_meters.h"

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

/// A number that is not negative.
double amount_of(const ordered_json& json, const char* key) {
  const ordered_json& value = json.at(key);
  require(value.is_number() && value.get<double>() >= 0, "'", key, "' cannot be ", value.dump());
  return value.get<double>();
}

/// Files of an earlier version have no such.
double amount_or_0(const ordered_json& json, const char* key) {
  return json.contains(key) ? amount_of(json, key) : 0;
}

std::optional<Joules> joules_of(const ordered_json& json, const char* key) {
  if (json.at(key).is_null()) return {};
  return Joules(amount_of(json, key));
}

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

std::string text_of(const ordered_json& json) {
  return json.is_null() ? std::string() : json.get<std::string>();
}

/// Files of an earlier version tell neither domain nor kind.
energy::Domain domain_of(const ordered_json& json) {
  using energy::Domain;
  const std::string text = text_of(json.value("domain", ordered_json()));
  for (const Domain domain :
       {Domain::processors, Domain::gpu, Domain::module, Domain::machine, Domain::unknown}) {
    if (text == name(domain)) return domain;
  }
  require(text.empty(), "'domain' cannot be ", text);
  return energy::domain_of(text_of(json.at("meter")));
}

std::int64_t integer_of(const ordered_json& json, const char* key) {
  const ordered_json& value = json.at(key);
  constexpr std::int64_t kMost = std::int64_t{1} << 61;  // so that differences are integers, too
  const bool fits = value.is_number_integer() &&
                    (value.is_number_unsigned() ? value.get<std::uint64_t>() <= kMost
                                                : value.get<std::int64_t>() >= -kMost);
  require(fits, "'", key, "' cannot be ", value.dump());
  return value.get<std::int64_t>();
}

/// One from which finite energies follow.
double amount_up_to(const ordered_json& json, const char* key, double most) {
  const double amount = amount_of(json, key);
  require(amount <= most, "'", key, "' cannot be ", amount, ": expected at most ", most);
  return amount;
}

ordered_json json_of(const energy::Chain::Edge& edge) {
  return {{"ns", edge.ns}, {"ticks", edge.ticks}, {"open_s", edge.open.value()}};
}

energy::Chain::Edge edge_of(const ordered_json& json) {
  return {.ns = integer_of(json, "ns"),
          .ticks = integer_of(json, "ticks"),
          .open = energy::Seconds(amount_up_to(json, "open_s", 1e9))};
}

ordered_json json_of(const std::optional<energy::Chain>& chain) {
  if (!chain) return {};
  return {{"begin", json_of(chain->begin)},
          {"end", json_of(chain->end)},
          {"power_watts", chain->power.value()},
          {"doubt_ticks", chain->doubt},
          {"gaps_s", chain->gaps.value()}};
}

/// Files of Joule 0.1 do not tell how windows follow on each other.
std::optional<energy::Chain> chain_of(const ordered_json& json) {
  if (json.is_null()) return {};
  return energy::Chain{.begin = edge_of(json.at("begin")),
                       .end = edge_of(json.at("end")),
                       .power = energy::Watts(amount_up_to(json, "power_watts", 1e15)),
                       .doubt = amount_up_to(json, "doubt_ticks", 1e19),
                       .gaps = energy::Seconds(amount_up_to(json, "gaps_s", 1e9))};
}

WindowSum window_sum_of(const ordered_json& json) {
  return {.meter = json.at("meter"),
          .scope = text_of(json.at("scope")),
          .beside = text_of(json.value("not_in_sum", ordered_json())),
          .unit = Joules(amount_of(json, "joules_per_tick")),
          .systematic = amount_of(json, "systematic"),
          .sampled = json.value("sampled", false),
          .domain = domain_of(json),
          .denied = json.value("denied", false),
          .ticks = count_of(json, "ticks"),
          .nanoseconds = count_of(json, "nanoseconds"),
          .edges = joules_of(json, "edges_joules"),
          .chain = chain_of(json.value("chain", ordered_json())),
          .between = json.contains("between_joules") ? joules_of(json, "between_joules")
                                                     : std::optional(Joules(0)),
          .idle = Joules(amount_of(json, "idle_joules")),
          .idle_width = joules_of(json, "idle_uncertainty_joules"),
          .idle_sampling = Joules(amount_or_0(json, "idle_sampling_joules")),
          .idle_noise = amount_or_0(json, "idle_noise_square_joules"),
          .idle_stated = json.at("idle_stated"),
          .no_idle = text_of(json.at("no_idle")),
          .missing = text_of(json.at("missing"))};
}

ordered_json json_of(const std::vector<WindowSum>& sums) {
  ordered_json meters = ordered_json::array();
  for (const WindowSum& sum : sums) meters.push_back(training::json_of(sum));
  return meters;
}

/// Files of Joule 0.1 do not tell which meters are in the sum: those that would be now.
void charge_untold(std::vector<WindowSum>& sums, Device device) {
  std::vector<energy::MeterInfo> meters;
  for (const WindowSum& sum : sums) {
    meters.push_back(
        {.name = sum.meter, .scope = sum.scope, .domain = energy::domain_of(sum.meter)});
  }
  const auto beside = energy::beside_the_sum(meters, {.device = device});
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i].beside = beside[i];
}

std::vector<WindowSum> window_sums_of(const ordered_json& json, Device device) {
  std::vector<WindowSum> sums;
  bool told = true;
  for (const ordered_json& sum : json) {
    sums.push_back(window_sum_of(sum));
    told = told && sum.contains("not_in_sum");
  }
  if (!told) charge_untold(sums, device);
  return sums;
}

}  // namespace

std::int64_t count_of(const ordered_json& json, const char* key) {
  const ordered_json& value = json.at(key);
  require(value.is_number_unsigned() && value.get<std::uint64_t>() <= INT64_MAX, "'", key,
          "' cannot be ", value.dump());
  return value.get<std::int64_t>();
}

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
          {"not_in_sum", text_or_null(sum.beside)},
          {"joules_per_tick", sum.unit.value()},
          {"systematic", sum.systematic},
          {"sampled", sum.sampled},
          {"domain", name(sum.domain)},
          {"denied", sum.denied},
          {"ticks", sum.ticks},
          {"nanoseconds", sum.nanoseconds},
          {"edges_joules", joules_or_null(sum.edges)},
          {"chain", json_of(sum.chain)},
          {"between_joules", joules_or_null(sum.between)},
          {"idle_joules", sum.idle.value()},
          {"idle_uncertainty_joules", joules_or_null(sum.idle_width)},
          {"idle_sampling_joules", sum.idle_sampling.value()},
          {"idle_noise_square_joules", sum.idle_noise},
          {"idle_stated", sum.idle_stated},
          {"no_idle", text_or_null(sum.no_idle)},
          {"missing", text_or_null(sum.missing)}};
}

ordered_json json_of(const energy::Totals& totals) {
  ordered_json json;
  for_each_count(totals, [&](const char* name, auto count) { json[name] = count; });
  return json;
}

Totals totals_of(const ordered_json& json) {
  Totals totals;
  for_each_count(totals, [&](const char* name, auto& count) { count = count_of(json, name); });
  return totals;
}

ordered_json json_of(const PartEnergy& part) {
  ordered_json json = figures_of(part);
  json["meters"] = json_of(part.measured);
  json["work"] = json_of(part.work);
  return json;
}

ordered_json json_of(const EpochEnergy& epoch) {
  ordered_json json{{"training", json_of(epoch.training)},
                    {"validation", json_of(epoch.validation)},
                    {"evaluation", json_of(epoch.evaluation)}};
  const std::vector<WindowSum> laps = whole(epoch).measured;
  if (laps != laps_of_parts(epoch)) json["laps"] = json_of(laps);
  return json;
}

PartEnergy part_energy_of(const ordered_json& json, Device device) {
  return {.measured = window_sums_of(json.at("meters"), device),
          .work = totals_of(json.at("work"))};
}

EpochEnergy epoch_energy_of(const ordered_json& json, Device device) {
  EpochEnergy epoch{.training = part_energy_of(json.at("training"), device),
                    .validation = part_energy_of(json.at("validation"), device),
                    .evaluation = part_energy_of(json.at("evaluation"), device)};
  if (json.contains("laps")) epoch.laps = window_sums_of(json.at("laps"), device);
  return epoch;
}

}  // namespace joule::training
