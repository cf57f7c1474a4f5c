// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "joule/report/document.h"
#include "joule/study/nas_build/build_results.h"
#include "joule/study/study.h"

namespace joule::report {

/// The results of training every cell of a space: accuracy over energy with the front of each
/// budget, the knee and the most accurate cell, the spread over seeds, what predicts the energy,
/// and how it was obtained.
Document build_document(const study::Study& study, const study::BuildResults& results);

/// The same with every number behind it.
nlohmann::ordered_json build_json(const study::Study& study, const study::BuildResults& results);

}  // namespace joule::report
