// SPDX-License-Identifier: MIT
#include "joule/training/energy/energy_prediction.h"

#include <cmath>

#include "joule/core/error.h"

namespace joule::training {

using energy::Joules;

EnergySpread& EnergySpread::operator+=(const EnergySpread& o) {
  if (series.values == 0) return *this = o;
  series += o.series;
  bounds += o.bounds;
  return *this;
}

EnergySpread spread_of(const energy::Figure<Joules>& epoch) {
  if (!epoch.available()) return {.series = energy::SeriesSums(std::nan(""))};
  return {.series = energy::SeriesSums(epoch.value().value()),
          .bounds = epoch.uncertainty().value_or(Joules(0)),
          .quality = epoch.quality(),
          .source = epoch.source()};
}

std::string amount(const Prediction& p, std::string_view plus_minus) {
  if (p.quality != energy::Quality::modelled) return str(p.energy, plus_minus, p.half_width);
  return str(p.energy, ", between ", p.energy - p.half_width, " and ", p.energy + p.half_width,
             ",");
}

std::optional<Prediction> predict_total(const EnergySpread& spent, std::int64_t epochs) {
  const energy::SeriesSums& series = spent.series;
  // A sum is not known if one of its values is not.
  if (series.values < 3 || series.values >= epochs || std::isnan(series.squares)) return {};
  const auto n = static_cast<double>(series.values);
  const auto left = static_cast<double>(epochs - series.values);
  const energy::Interval95 more = energy::predict_sum(series, epochs - series.values);
  const Joules all(n * series.origin + series.sum + more.value);
  const Joules half_width = Joules(more.half_width) + spent.bounds * (1 + left / n);
  if (!(half_width < all)) return {};
  return Prediction{.after_epoch = series.values,
                    .epochs = epochs,
                    .energy = all,
                    .half_width = half_width,
                    .quality = spent.quality,
                    .source = spent.source};
}

std::optional<Prediction> predict_total(std::span<const energy::Figure<Joules>> spent,
                                        std::int64_t epochs) {
  EnergySpread all;
  for (const auto& epoch : spent) all += spread_of(epoch);
  return predict_total(all, epochs);
}

}  // namespace joule::training
