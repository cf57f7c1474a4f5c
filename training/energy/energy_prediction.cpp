// SPDX-License-Identifier: MIT
#include "joule/training/energy/energy_prediction.h"

#include <cmath>

#include "joule/energy/models/trials.h"

namespace joule::training {

using energy::Joules;

EnergySpread& EnergySpread::operator+=(const EnergySpread& o) {
  if (epochs == 0) return *this = o;
  const auto n = static_cast<double>(epochs), m = static_cast<double>(o.epochs);
  const double apart = (o.sum / m - sum / n).value();
  squares += o.squares + apart * apart * n * m / (n + m);
  sum += o.sum;
  bounds += o.bounds;
  epochs += o.epochs;
  return *this;
}

EnergySpread spread_of(const energy::Figure<Joules>& sum, std::int64_t epochs, double squares) {
  if (!sum.available()) return {.epochs = epochs, .squares = std::nan("")};
  return {.epochs = epochs,
          .sum = sum.value(),
          .bounds = sum.uncertainty().value_or(Joules(0)),
          .squares = squares,
          .quality = sum.quality(),
          .source = sum.source()};
}

std::optional<Prediction> predict_total(const EnergySpread& spent, std::int64_t epochs) {
  if (spent.epochs < 2 || spent.epochs >= epochs || std::isnan(spent.squares)) return {};
  const auto n = static_cast<double>(spent.epochs);
  const auto left = static_cast<double>(epochs - spent.epochs);
  const Joules spread(std::sqrt(spent.squares / (n - 1)));
  return Prediction{.after_epoch = spent.epochs,
                    .epochs = epochs,
                    .energy = spent.sum * (1 + left / n),
                    .half_width = energy::student_t95(spent.epochs - 1) *
                                      std::sqrt(left + left * left / n) * spread +
                                  spent.bounds * (1 + left / n),
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
