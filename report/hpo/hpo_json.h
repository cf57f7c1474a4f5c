// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "joule/study/hpo/hpo_results.h"

namespace joule::report {

/// results.json: every search with its steps and rounds.
nlohmann::ordered_json hpo_json(const std::vector<study::HpoRun>& runs,
                                const study::HpoResults& results);

}  // namespace joule::report
