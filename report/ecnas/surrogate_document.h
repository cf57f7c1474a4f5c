// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "joule/nas/surrogate/trials.h"
#include "joule/report/document.h"

namespace joule::report {

/// What the surrogates of EC-NAS predict, beside the paper: a table per surrogate, the error over
/// the size of the training set, the scatter of predictions with intervals.  `command` is what made
/// it, `data` the file that was measured.
Document surrogate_document(const nas::SurrogateResults& results, const std::string& command,
                            const std::string& data);

/// The same as numbers.
nlohmann::ordered_json surrogate_json(const nas::SurrogateResults& results);

}  // namespace joule::report
