// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "joule/energy/quantity.h"

namespace joule::training {

/// What the user says of where the energy comes from.  Nothing of it ever enters an energy.
struct Footprint {
  std::optional<double> grams_per_kwh;  // of CO2 equivalent, of the electricity
  std::optional<double> pue;  // power usage effectiveness: the building's energy over the machine's
};

/// Errors    ArgumentError: the intensity is negative or not finite; the PUE is below 1 or not
///           finite.
void check(const Footprint& footprint);

/// Grams of CO2 equivalent: energy / 3.6 MJ * intensity.
double grams_co2(energy::Joules energy, double grams_per_kwh);

}  // namespace joule::training
