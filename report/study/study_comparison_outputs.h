// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "joule/report/document.h"
#include "joule/report/study/study_comparison.h"

// The output forms of a comparison of studies.
namespace joule::report {

/// Means, differences from the first arm, the front, curves over the epochs, differences between
/// the studies.  `quantities` are those of the tables.  With many arms, the tables show the first,
/// those on the front and the best in the first goal, and say how many they leave out.
Document study_comparison_document(const StudyComparison& comparison,
                                   const std::vector<std::size_t>& quantities);

/// Every figure, keys as in docs/cli.md.
nlohmann::ordered_json json_of(const StudyComparison& comparison);

/// One row per arm (RFC 4180, with CRLF): study, arm, the dimensions of the points, the numbers of
/// its trials, then for every quantity n, mean, and the ends of the interval.
std::string to_csv(const StudyComparison& comparison);

}  // namespace joule::report
