// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "joule/report/document.h"
#include "joule/study/layers/layers_results.h"
#include "joule/study/study.h"

namespace joule::report {

/// The results of the study of layers: the factorial compared with the paper's, effects with
/// intervals, two estimates of the joules per layer, the front of accuracy and cost, and how it was
/// obtained.
Document layers_document(const study::Study& study, const study::LayersResults& results);

/// The same with every number behind it.
nlohmann::ordered_json layers_json(const study::Study& study, const study::LayersResults& results);

}  // namespace joule::report
