// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/energy/attribution/profile.h"

namespace joule::report {

/// A profile as a page (see report/page.h): its figures and how each was obtained; energy, time,
/// density and skipped MACs per layer and per operation; power over time; every line; the
/// environment.  It contains the profile's JSON.
///
/// Modelled energies never share an axis with measured or attributed ones.  Unavailable figures are
/// listed with the reason, and are in no chart.
std::string to_html(const energy::Profile& profile);

}  // namespace joule::report
