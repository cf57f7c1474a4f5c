// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "joule/energy/ledger.h"
#include "joule/training/energy/epoch_energy.h"

// Counts that were read from a file, before they are added to others.
namespace joule::training {

/// What sums of counts stay below, so that adding to them has no end in sight.
inline constexpr std::int64_t kLargestSum = std::int64_t{1} << 61;

/// Errors    ArgumentError that names the count, if one is not in [0, most], or a part exceeds its
///           whole: more MACs skipped than could be, more values that are not zero than values, or
///           than the bytes that were moved hold.
void check_counts(const energy::Totals& work, std::int64_t most);

/// Of the work, and of the meters.
void check_counts(const EpochEnergy& energy, std::int64_t most);

}  // namespace joule::training
