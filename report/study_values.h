// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "joule/report/page.h"
#include "joule/search/statistics/mean.h"
#include "joule/study/results/over.h"
#include "joule/training/config.h"

// What the pages and files of all studies show in the same way.
namespace joule::report {

/// Shown where there is no number.
inline constexpr const char* kNothing = "—";

/// "91.20 ± 0.30 (n 3)"; values are divided by `unit`.
std::string text_of(const search::Mean& mean, double unit = 1, int digits = 2);
/// kNothing for null.
std::string text_of(const study::Over* over, double unit = 1, int digits = 2);
/// "+1.20 ± 0.30 points (n 3)".
std::string signed_text(const search::Mean& mean, const std::string& unit, int digits = 2);
search::Mean mean_of(const search::Difference& difference);

/// x with the interval of the mean around it.
Point mean_point(double x, const search::Mean& mean);
/// For a percentage: clips the interval, which with few values extends beyond the possible range.
Point percent_mean_point(double x, const search::Mean& mean);

nlohmann::ordered_json json_of(const search::Mean& mean);
/// With the numbers behind it, or the reason why there are none.
nlohmann::ordered_json json_of(const study::Over& over);

/// "Machine: SUMMARY." of what a study says where it began, which names the Joule, too.
std::string machine_item(const std::string& summary);

/// The options of a training that differ from the defaults of joule train.
Table options_table(const training::Config& config);

}  // namespace joule::report
