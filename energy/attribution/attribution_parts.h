// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "joule/energy/attribution/attribution.h"

namespace joule::energy {

/// The attribution before any line has a share: whatever is not idle is unattributed, and every
/// line is unavailable for `why`, or for what the dynamic energy is unavailable for.
Attribution nothing_attributed(Rule rule, const MeterInfo& meter, const Interval& window,
                               const IdlePower& idle_power, std::size_t lines,
                               const std::string& why);

/// Gives line `at` its ticks, known to +- `width`.
void give(Attribution& attribution, const MeterInfo& meter, std::size_t at, std::int64_t ticks,
          std::optional<Joules> width);

/// Makes a figure of what is still unattributed.
void settle(Attribution& attribution, const MeterInfo& meter);

/// "rapl, package 0 + DRAM, shared out by time"
std::string source(const MeterInfo& meter, Rule rule);

}  // namespace joule::energy
