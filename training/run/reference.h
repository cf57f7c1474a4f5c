// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/training/config.h"

namespace joule::training {

/// The validation accuracy after each epoch of the run in `folder`, as a reference for a run of
/// `config`.  The run must be finished and have the same data, limit, validation, seed (so that the
/// same images are held back) and epochs.
///
/// Errors    DataError if there is no such run, it is not finished, or its files cannot be read;
///           ArgumentError if it differs in anything that must be
///           the same.
std::vector<double> reference_accuracies(const std::string& folder, const Config& config);

}  // namespace joule::training
