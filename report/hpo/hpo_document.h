// SPDX-License-Identifier: MIT
#pragma once

#include "joule/report/document.h"
#include "joule/study/hpo/hpo_results.h"

namespace joule::report {

/// The results of a comparison of searches: of each strategy, over rounds and over joules, compared
/// with the paper's figures, and the cost of the proposals and of pruned rounds.
///
/// `study` is one of the searches and tells where they ran.  A mean over repetitions is shown with
/// their number; measured and modelled joules never share a figure.
Document hpo_document(const study::Study& study, const study::HpoResults& results);

}  // namespace joule::report
