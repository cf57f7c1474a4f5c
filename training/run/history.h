// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "joule/training/run/metrics.h"

// The epochs of a run in bounded memory.  Of past epochs, a run needs only the sums of their
// energies and enough points to draw its page: a list of at most kMostPoints epochs, some of which
// stand for several.
namespace joule::training {

inline constexpr std::size_t kMostPoints = 200;

/// If there are more than kMostPoints, merges each epoch at an odd place into the one behind it,
/// whose energy and seconds then are the sums over both; all its other numbers stay its own (see
/// MergedEpochs).  The first and the last epoch are never merged, nor those with the largest or
/// smallest value of any number in metrics.jsonl.
///
/// Numerics  the meters' counters are added exactly.  Adding epochs one by one gives the same list
///           as reading them again from metrics.jsonl.
void thin_out(std::vector<EpochMetrics>& epochs);

/// The epochs, added one by one and thinned out.
std::vector<EpochMetrics> thinned(std::span<const EpochMetrics> epochs);

/// How many epochs the points stand for in total.
std::int64_t count_epochs(std::span<const EpochMetrics> epochs);

}  // namespace joule::training
