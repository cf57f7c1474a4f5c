// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/energy/attribution/profile.h"

namespace joule::report {

/// A profile as a page (see report/page.h): its figures and how each came about; energy, time,
/// density and skipped MACs per layer and per operation; power over time; every line; the
/// environment.  It holds the profile's JSON.
///
/// Measured or attributed and modelled energies never share an axis.  What is unavailable is said,
/// with the reason, and is in no chart.
std::string to_html(const energy::Profile& profile);

}  // namespace joule::report
