// SPDX-License-Identifier: MIT
#include "training/energy_prediction.h"

#include <cmath>

#include "energy/trials.h"

namespace joule::training {

using energy::Joules;

std::optional<Prediction> predict_total(std::span<const energy::Figure<Joules>> spent,
                                        std::int64_t epochs) {
  const std::int64_t done = std::ssize(spent);
  if (done < 2 || done >= epochs) return {};
  Joules sum, bounds;
  for (const auto& epoch : spent) {
    if (!epoch.available()) return {};
    sum += epoch.value();
    bounds += epoch.uncertainty().value_or(Joules(0));
  }
  const auto n = static_cast<double>(done), left = static_cast<double>(epochs - done);
  double squares = 0;
  for (const auto& epoch : spent) {
    const double deviation = (epoch.value() - sum / n).value();
    squares += deviation * deviation;
  }
  const Joules spread(std::sqrt(squares / (n - 1)));
  return Prediction{
      .after_epoch = done,
      .epochs = epochs,
      .energy = sum * (1 + left / n),
      .half_width = energy::student_t95(done - 1) * std::sqrt(left + left * left / n) * spread +
                    bounds * (1 + left / n),
      .quality = spent.front().quality(),
      .source = spent.front().source()};
}

}  // namespace joule::training
