// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "joule/report/eat/eat_document.h"

namespace joule::report {

/// results.json of the study of energy-aware training; the keys are in docs/studies.md.
nlohmann::ordered_json eat_json(const study::Study& study, const study::EatResults& results,
                                const std::vector<PeerPace>& peers);

}  // namespace joule::report
