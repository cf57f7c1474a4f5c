// SPDX-License-Identifier: MIT
#include "joule/energy/meters/reading.h"

#include <algorithm>
#include <numbers>

namespace joule::energy {

std::string_view name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::absent:
      return "absent";
    case Status::denied:
      return "denied";
    case Status::failed:
      return "failed";
    case Status::off:
      break;
  }
  return "off";
}

std::optional<Watts> MeterInfo::aliasing(Watts mean) const {
  if (!integrates_power || !samples_moments) return Watts(0);
  if (!most) return {};
  const Watts anything = std::max(mean, *most - mean);
  if (!band_hz || !update_period) return anything;
  const double turns = 2 * std::numbers::pi * *band_hz * update_period->value();
  return std::min(anything, turns * turns / 12 * (*most / 2.0));
}

}  // namespace joule::energy
