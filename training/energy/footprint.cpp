// SPDX-License-Identifier: MIT
#include "joule/training/energy/footprint.h"

#include <cmath>

#include "joule/core/error.h"

namespace joule::training {

void check(const Footprint& f) {
  require(!f.grams_per_kwh || (std::isfinite(*f.grams_per_kwh) && *f.grams_per_kwh >= 0),
          "carbon intensity: expected a number of grams per kWh >= 0, got ",
          f.grams_per_kwh.value_or(0));
  require(!f.pue || (std::isfinite(*f.pue) && *f.pue >= 1), "pue: expected a factor >= 1, got ",
          f.pue.value_or(0));
}

double grams_co2(energy::Joules energy, double grams_per_kwh) {
  constexpr energy::Joules kKwh(3.6e6);
  return energy / kKwh * grams_per_kwh;
}

}  // namespace joule::training
