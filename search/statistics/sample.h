// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

// Shared by the files of this folder.
namespace joule::search {

/// Errors    ArgumentError that begins with `what`, if there is no value or one is not finite.
void check_sample(std::string_view what, std::span<const double> sample);
/// Errors    ArgumentError that begins with `what`, unless 0 < level < 1.
void check_level(std::string_view what, double level);

/// In two passes: the second corrects the rounding error of the first.
double mean_of(std::span<const double> sample);
/// sum (x - mean)^2.
double squares_about(std::span<const double> sample, double mean);

/// Two-sided p-value of a standard normal statistic.
double normal_p_value(double z);

}  // namespace joule::search
