// SPDX-License-Identifier: MIT
#include "joule/training/energy/run_energy.h"

#include "joule/energy/scope/scope.h"
#include "joule/training/energy/energy_json.h"
#include "joule/training/run/history.h"
#include "joule/training/run/summary_json.h"

namespace joule::training {
namespace {

using energy::CostModel;
using energy::Figure;
using energy::Joules;

ordered_json predicted(std::span<const EpochMetrics> epochs, const EpochFigures& spent,
                       const std::string& source) {
  ordered_json all = ordered_json::array();
  for (const Prediction& p : predictions(epochs, spent, source, count_epochs(epochs))) {
    all.push_back({{"after_epoch", p.after_epoch},
                   {"value", p.energy.value()},
                   {"unit", Joules::kUnit},
                   {"half_width", p.half_width.value()},
                   {"confidence", 0.95},
                   {"of", name(p.quality)},
                   {"source", p.source}});
  }
  return all;
}

/// figure(sum of the epochs until then), for each epoch.
template <class MakeFigure>
EpochFigures sums_until(std::span<const EpochMetrics> epochs, MakeFigure&& figure) {
  EpochFigures figures;
  PartEnergy sum;
  for (const EpochMetrics& m : epochs) {
    sum += whole(m.energy);
    figures.push_back(figure(sum));
  }
  return figures;
}

/// Some epochs, one behind the other.
struct SpentSoFar {
  EnergySpread spread;
  PartEnergy sum;

  void add(const EpochMetrics& epoch, const Figure<Joules>& spent, const std::string& source) {
    spread += spread_of(spent, epoch.merged, source);
    if (source != kMeasured) return;  // a range of constants, which is one for all epochs
    sum += whole(epoch.energy);
    const Figure<Joules> gross = measured(sum).gross;
    if (gross.available()) spread.bounds = gross.uncertainty().value_or(Joules(0));
  }
};

/// A number that was computed from a figure and the user's: null, with the reason, if there is no
/// figure.
template <class Convert>
ordered_json derived(const Figure<Joules>& from, const char* unit, Convert&& convert) {
  ordered_json value, uncertainty, reason;
  if (!from.available()) {
    reason = from.reason();
  } else {
    value = convert(from.value());
    if (from.uncertainty()) uncertainty = convert(*from.uncertainty());
  }
  return {{"value", value}, {"unit", unit}, {"uncertainty", uncertainty}, {"reason", reason}};
}

}  // namespace

EpochFigures measured_energies(std::span<const EpochMetrics> epochs) {
  EpochFigures figures;
  for (const EpochMetrics& m : epochs) figures.push_back(measured(whole(m.energy)).gross);
  return figures;
}

EpochFigures modelled_energies(std::span<const EpochMetrics> epochs, const CostModel& profile) {
  EpochFigures figures;
  for (const EpochMetrics& m : epochs) figures.push_back(modelled(whole(m.energy), profile));
  return figures;
}

EnergySpread spread_of(const Figure<Joules>& spent, const MergedEpochs& merged,
                       const std::string& source) {
  return merged.count > 0 ? merged.spent.at(source) : spread_of(spent);
}

EnergySpread spread_of(std::span<const EpochMetrics> epochs, const EpochFigures& spent,
                       const std::string& source) {
  SpentSoFar until;
  for (std::size_t i = 0; i < epochs.size(); ++i) until.add(epochs[i], spent[i], source);
  return until.spread;
}

std::vector<Prediction> predictions(std::span<const EpochMetrics> epochs, const EpochFigures& spent,
                                    const std::string& source, std::int64_t of_epochs) {
  std::vector<Prediction> all;
  SpentSoFar until;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    until.add(epochs[i], spent[i], source);
    if (const auto p = predict_total(until.spread, of_epochs)) all.push_back(*p);
  }
  return all;
}

EpochEnergy total_energy(std::span<const EpochMetrics> epochs) {
  EpochEnergy sum;
  for (const EpochMetrics& m : epochs) sum += m.energy;
  return sum;
}

EpochFigures spent_until(std::span<const EpochMetrics> epochs) {
  return sums_until(epochs, [](const PartEnergy& sum) { return measured(sum).gross; });
}

EpochFigures spent_until(std::span<const EpochMetrics> epochs, const CostModel& profile) {
  return sums_until(epochs, [&](const PartEnergy& sum) { return modelled(sum, profile); });
}

std::optional<double> Together::images_per_joule() const {
  if (!spent.available() || spent.value() <= Joules(0)) return {};
  return images / spent.value().value();
}

std::optional<Together> together(std::span<const EpochMetrics> epochs) {
  std::optional<Together> all;
  PartEnergy steps;
  for (const EpochMetrics& m : epochs) {
    if (!m.ranks) continue;
    RanksMetrics sum = all ? all->ranks : RanksMetrics();
    sum.count = m.ranks->count;
    sum.hosts = m.ranks->hosts;
    sum.bytes += m.ranks->bytes;
    sum.seconds_mean += m.ranks->seconds_mean;
    sum.seconds_least += m.ranks->seconds_least;
    sum.seconds_most += m.ranks->seconds_most;
    steps += m.energy.training;
    all = Together{.ranks = sum,
                   .images = (all ? all->images : 0) + m.images_per_second * m.seconds,
                   .seconds = (all ? all->seconds : 0) + m.seconds,
                   .spent = measured(steps).gross};
  }
  return all;
}

ordered_json json_of(const RunEnergy& run) {
  const EpochEnergy sum = total_energy(run.epochs);
  const PartEnergy all = whole(sum);
  const Figure<Joules> gross = measured(all).gross;
  const EpochFigures by_meter = measured_energies(run.epochs);
  ordered_json json{{"total", figures_of(all)},
                    {"training", figures_of(sum.training)},
                    {"validation", figures_of(sum.validation)},
                    {"evaluation", figures_of(sum.evaluation)}};
  ordered_json meters = ordered_json::array();
  for (const energy::WindowSum& meter : all.measured) {
    const energy::Measurement m = energy::measure(meter);
    ordered_json& entry = meters.emplace_back(json_of(meter));
    entry["gross"] = json_of(m.gross);
    entry["idle"] = json_of(m.idle);
    entry["dynamic"] = json_of(m.dynamic);
    entry["power"] = json_of(m.power);
  }
  json["meters"] = meters;
  const energy::Scope scope = energy::scope_of(all.measured);
  json["scope"] = {{"machine", scope.machine},
                   {"covers", scope.covers},
                   {"lacks", scope.lacks},
                   {"denied", scope.denied}};
  json["lost_after_epochs"] = run.lost_after;
  json["predictions"]["measured"] = predicted(run.epochs, by_meter, kMeasured);
  for (const CostModel& profile : energy::built_in_cost_models()) {
    const EpochFigures figures = modelled_energies(run.epochs, profile);
    json["predictions"]["modelled"][profile.name] = predicted(run.epochs, figures, profile.name);
  }
  const Footprint& f = run.footprint;
  const double pue = f.pue.value_or(1);
  if (f.pue) {
    json["facility_energy"] = derived(gross, "J", [&](Joules e) { return (e * pue).value(); });
    json["facility_energy"]["pue"] = *f.pue;
  }
  if (f.grams_per_kwh) {
    const double intensity = *f.grams_per_kwh;
    const auto carbon = [&](Joules e) { return grams_co2(e, intensity); };
    json["carbon"] = derived(gross, "g", carbon);
    json["carbon"]["grams_per_kwh"] = intensity;
    if (f.pue) {
      json["facility_carbon"] = derived(gross, "g", [&](Joules e) { return carbon(e * pue); });
    }
  }
  return json;
}

}  // namespace joule::training
