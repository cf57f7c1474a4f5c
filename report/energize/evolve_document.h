// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "joule/report/document.h"
#include "joule/study/evolve/evolve_results.h"

namespace joule::report {

/// One evolution: its course, and its final net.
Document evolve_document(const study::EvolveResults& run);

/// Several, of the same preset, by variants and seeds.
///
/// Errors    ArgumentError if there are no runs.
Document energize_document(const std::vector<study::EvolveResults>& runs);

/// Everything that the pages were made from, by generation; for several runs also the
/// tests.
nlohmann::ordered_json evolve_json(const study::EvolveResults& run);
nlohmann::ordered_json energize_json(const std::vector<study::EvolveResults>& runs);

}  // namespace joule::report
