// SPDX-License-Identifier: MIT
#include "joule/energy/models/cost_model.h"

#include <array>
#include <cmath>

#include "joule/core/error.h"
#include "joule/energy/models/trials.h"

namespace joule::energy {
namespace {

void require_consistent(const Totals& t) {
  const std::int64_t bytes = t.work.bytes_read + t.work.bytes_written;
  const Tally& tally = t.tally;
  require(0 <= tally.macs_skipped && tally.macs_skipped <= tally.macs_skippable &&
              tally.macs_skippable <= t.work.macs,
          "cost model: of ", t.work.macs, " MACs ", tally.macs_skippable, " were skippable and ",
          tally.macs_skipped, " skipped");
  require(0 <= tally.values_in_nonzero && tally.values_in_nonzero <= tally.values_in &&
              4 * tally.values_in <= bytes,
          "cost model: of ", tally.values_in, " values ", tally.values_in_nonzero,
          " were not zero, and ", bytes, " bytes were moved");
}

/// What one of `skipping` charges for: MACs and bytes.
struct Charged {
  std::int64_t macs, bytes;
};

Charged charged(const Totals& totals, Skipping skipping) {
  require_consistent(totals);
  Charged c{totals.work.macs, totals.work.bytes_read + totals.work.bytes_written};
  if (skipping == Skipping::ideal) {
    c.macs -= totals.tally.macs_skippable;
    c.bytes -= 4 * (totals.tally.values_in - totals.tally.values_in_nonzero);
  } else if (skipping == Skipping::executed) {
    c.macs -= totals.tally.macs_skipped;
  }
  return c;
}

Joules times(Joules cost, std::int64_t count) { return cost * static_cast<double>(count); }

Seconds seconds(const Totals& totals) {
  return Seconds(static_cast<double>(totals.tally.nanoseconds) * 1e-9);
}

}  // namespace

EnergyParts CostModel::parts(const Totals& totals, Skipping skipping,
                             std::int64_t parameter_bytes) const {
  const Charged c = charged(totals, skipping);
  require(0 <= parameter_bytes && parameter_bytes <= c.bytes, "cost model: of ", c.bytes, " bytes ",
          parameter_bytes, " moved parameters");
  EnergyParts parts{.activations = times(per_byte.energy, c.bytes - parameter_bytes),
                    .parameters = times(per_byte.energy, parameter_bytes),
                    .compute = times(per_mac.energy, c.macs)};
  if (per_call) parts.overhead += times(per_call->energy, totals.calls);
  if (per_second) parts.overhead += per_second->power * seconds(totals);
  return parts;
}

Figure<Joules> CostModel::energy(const Totals& totals, Skipping skipping) const {
  const Charged c = charged(totals, skipping);
  std::optional<Joules> uncertainty;
  const auto add = [&](Joules half_range) {
    uncertainty = uncertainty.value_or(Joules()) + half_range;
  };
  if (per_mac.half_range) add(times(*per_mac.half_range, c.macs));
  if (per_byte.half_range) add(times(*per_byte.half_range, c.bytes));
  if (per_call && per_call->half_range) add(times(*per_call->half_range, totals.calls));
  if (per_second && per_second->half_range) add(*per_second->half_range * seconds(totals));
  const Joules energy = parts(totals, skipping, 0).total();
  if (fit && fit->degrees_of_freedom > 0) {
    uncertainty = student_t95(fit->degrees_of_freedom) * uncertainty.value_or(Joules()) +
                  fit->systematic * energy;
  }
  if (!fit && uncertainty) return Figure<Joules>::in_range(energy, *uncertainty, name);
  return Figure<Joules>::modelled(energy, uncertainty, name);
}

CostModel RelativeCostModel::at(Joules mac) const {
  require(std::isfinite(mac.value()) && mac > Joules(), name, ": a MAC costs more than 0 pJ, got ",
          mac);
  return {.name = str(name, " at ", mac, " per MAC"),
          .source = source,
          .per_mac = {mac, {}},
          .per_byte = {mac * (macs_per_value / 4), {}}};
}

std::span<const CostModel> built_in_cost_models() {
  static const std::array kModels = {
      CostModel{.name = "horowitz45",
                .source = "Horowitz, ISSCC 2014: 45 nm, 0.9 V",
                .per_mac = {picojoules(3.7 + 0.9), {}},
                .per_byte = {picojoules(1950.0 / 8), picojoules(650.0 / 8)}},
      CostModel{.name = "zero-skip",
                .source = "constants of Shumailov et al., EuroS&P 2021; exact counts per layer",
                .per_mac = {picojoules(3.7), {}},
                .per_byte = {picojoules(1950.0 / 4), {}}},
      CostModel{.name = "jouppi7",
                .source = "Jouppi et al., ISCA 2021, Table 2: about 7 nm, HBM2",
                .per_mac = {picojoules(1.31 + 0.38), {}},
                .per_byte = {picojoules(350.0 / 8), picojoules(100.0 / 8)}},
  };
  return kModels;
}

const CostModel& horowitz45() { return built_in_cost_models()[0]; }
const CostModel& zero_skip() { return built_in_cost_models()[1]; }
const CostModel& jouppi7() { return built_in_cost_models()[2]; }

const RelativeCostModel& eyeriss() {
  static const RelativeCostModel kModel{
      .name = "eyeriss",
      .source = "Chen, Emer and Sze, ISCA 2016, Table IV: 65 nm, relative to a MAC",
      .macs_per_value = 200};
  return kModel;
}

}  // namespace joule::energy
