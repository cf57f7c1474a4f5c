// SPDX-License-Identifier: MIT
#pragma once

#include "joule/report/document.h"
#include "joule/study/hpo/hpo_results.h"

namespace joule::report {

/// What a comparison of searches found out: what each strategy came to, over rounds and over
/// joules, beside the paper's figures, and what the proposals themselves and pruned rounds took.
///
/// `study` is one of the searches, for where they were made.  A mean over repetitions stands with
/// their number; measured and modelled joules are never in one figure.
Document hpo_document(const study::Study& study, const study::HpoResults& results);

}  // namespace joule::report
