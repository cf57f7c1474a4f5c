// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "joule/nas/surrogate/trials.h"
#include "joule/report/document.h"

namespace joule::report {

/// The predictions of EC-NAS surrogates, compared with the paper: a table per surrogate, the error
/// over the size of the training set, the scatter of predictions with intervals.  `command`
/// produced it, `data` is the measured file.
Document surrogate_document(const nas::SurrogateResults& results, const std::string& command,
                            const std::string& data);

/// The same as numbers.
nlohmann::ordered_json surrogate_json(const nas::SurrogateResults& results);

}  // namespace joule::report
