// SPDX-License-Identifier: MIT
#include "energy/cost_model.h"

#include <array>

#include "core/error.h"

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

}  // namespace

Figure<Joules> CostModel::energy(const Totals& totals, Skipping skipping) const {
  require_consistent(totals);
  std::int64_t macs = totals.work.macs;
  std::int64_t bytes = totals.work.bytes_read + totals.work.bytes_written;
  if (skipping == Skipping::ideal) {
    macs -= totals.tally.macs_skippable;
    bytes -= 4 * (totals.tally.values_in - totals.tally.values_in_nonzero);
  } else if (skipping == Skipping::executed) {
    macs -= totals.tally.macs_skipped;
  }
  const auto total = [&](Joules mac, Joules byte) {
    return mac * static_cast<double>(macs) + byte * static_cast<double>(bytes);
  };
  std::optional<Joules> uncertainty;
  if (per_mac.half_range || per_byte.half_range) {
    uncertainty =
        total(per_mac.half_range.value_or(Joules()), per_byte.half_range.value_or(Joules()));
  }
  return Figure<Joules>::modelled(total(per_mac.energy, per_byte.energy), uncertainty, name);
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
  };
  return kModels;
}

const CostModel& horowitz45() { return built_in_cost_models()[0]; }
const CostModel& zero_skip() { return built_in_cost_models()[1]; }

}  // namespace joule::energy
