// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "joule/energy/attribution/profile.h"
#include "joule/energy/figure.h"
#include "joule/energy/ledger.h"
#include "joule/energy/measurement.h"
#include "joule/energy/meter.h"

// The values whose text the functions to_json() of energy/json/json.h, energy/json/meter_json.h and
// energy/attribution/profile.h give, to be put into larger ones.  Their keys are told there.
namespace joule::energy {

/// Defined for Joules, Watts and Seconds.
template <class Q>
nlohmann::ordered_json json_of(const Figure<Q>& figure);
nlohmann::ordered_json json_of(std::span<const Ledger::Line> lines);
nlohmann::ordered_json json_of(const MeterInfo& meter);
nlohmann::ordered_json json_of(const Measurement& measurement);
nlohmann::ordered_json json_of(const Profile& profile);

}  // namespace joule::energy
