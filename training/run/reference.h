// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/training/config.h"

namespace joule::training {

/// The validation accuracy of the run in `folder` after each epoch, against which a run of `config`
/// may be measured: it is finished, and both have the same data, limit, validation, seed (so the
/// same images are held back) and epochs.
///
/// Errors    DataError: no such run, not finished, or its files cannot be read; ArgumentError: it
/// is
///           another one in what must be the same.
std::vector<double> reference_accuracies(const std::string& folder, const Config& config);

}  // namespace joule::training
