// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "joule/training/run/metrics.h"

// The epochs of a run in bounded memory.  What a run needs of those that are behind it is the sums
// of their energies and, for its page, enough points to draw: a list of epochs that grows no
// further than kMostPoints, of which some stand for several epochs.
namespace joule::training {

inline constexpr std::size_t kMostPoints = 200;

/// If there are more than kMostPoints, merges each epoch at an odd place into the one behind it:
/// that one's energy and seconds are then the sums over both, everything else is its own (see
/// MergedEpochs).  The first and the last epoch stay as they are, and whichever has the largest or
/// the smallest of any number in metrics.jsonl.
///
/// Numerics  the counters of the meters are added up exactly.  A list to which epochs were added
///           one by one is the same again when it is made again from metrics.jsonl.
void thin_out(std::vector<EpochMetrics>& epochs);

/// The epochs, added one by one and thinned out.
std::vector<EpochMetrics> thinned(std::span<const EpochMetrics> epochs);

/// How many epochs the points stand for.
std::int64_t count_epochs(std::span<const EpochMetrics> epochs);

}  // namespace joule::training
