// SPDX-License-Identifier: MIT
#pragma once

#include "joule/energy/models/cost_model.h"

namespace joule::bench {

/// Of 1000 images, from the counts of a step of `batch` of them.
///
/// Errors    as CostModel::energy.
inline energy::Figure<energy::Joules> per_1000_images(const energy::CostModel& model,
                                                      const energy::Totals& step,
                                                      energy::Skipping skipping,
                                                      std::int64_t batch) {
  const auto figure = model.energy(step, skipping);
  const double scale = 1000.0 / static_cast<double>(batch);
  using Energy = energy::Figure<energy::Joules>;
  std::optional<energy::Joules> uncertainty;
  if (figure.uncertainty()) uncertainty = *figure.uncertainty() * scale;
  if (figure.is_range()) {
    return Energy::in_range(figure.value() * scale, *uncertainty, figure.source());
  }
  return Energy::modelled(figure.value() * scale, uncertainty, figure.source());
}

}  // namespace joule::bench
