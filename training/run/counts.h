// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "joule/energy/ledger.h"
#include "joule/training/energy/epoch_energy.h"

// Checks of counts read from a file, before they are added to others.
namespace joule::training {

/// The limit of sums of counts; it leaves room to add to them.
inline constexpr std::int64_t kLargestSum = std::int64_t{1} << 61;

/// Errors    ArgumentError that names the count, if one is not in [0, most], or a part exceeds its
///           whole: more MACs skipped than skippable, more non-zero values than values, or more
///           values than the bytes moved can hold.
void check_counts(const energy::Totals& work, std::int64_t most);

/// The same for the counts of the work and of the meters.
void check_counts(const EpochEnergy& energy, std::int64_t most);

}  // namespace joule::training
