// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/state.h"
#include "joule/data/dataset.h"
#include "joule/parallel/communicator.h"
#include "joule/training/config.h"

// Whether the ranks do the same: what differs would end in a wrong result, or in a wait for ever.
// All ranks must call these, in the same order.  With one rank they do nothing.
namespace joule::training {

/// Of the version of Joule and of what determines what a run computes.
///
/// Errors    ArgumentError, the same on all ranks, that names two of them and what differs, with
///           both values.
void require_same_configuration(parallel::Communicator& ranks, const Config& config);

/// Of the images, their labels, names and normalisation.  Of image files that are read on demand,
/// it compares the pixels of kComparedImages.
///
/// Cost      reads all images in memory once.
/// Errors    as above; those of ImageSource::read().
void require_same_data(parallel::Communicator& ranks, const DataSplit& data);
inline constexpr std::int64_t kComparedImages = 64;

/// Of the state that a run begins or goes on with.  Errors: as above.
void require_same_state(parallel::Communicator& ranks, const State& state);

}  // namespace joule::training
