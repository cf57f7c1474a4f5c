// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/search/statistics/mean.h"
#include "joule/study/value.h"

// What trials of one point that differ in nothing but chance come to.
namespace joule::study {

/// A value over the seeds, or over what else the trials repeat.
struct Over {
  std::string name, unit;
  Quality quality = Quality::unavailable;
  std::vector<double> numbers;  // by seed, of the seeds that have it
  std::vector<std::int64_t> seeds;
  std::string source, reason;

  /// Errors    ArgumentError if there is no number.
  search::Mean mean() const { return search::mean_interval(numbers); }
};

/// Adds a trial's value to those of its name and quality, of which there may be none yet.
///
/// Errors    ArgumentError if they have another unit.
void add_value(std::vector<Over>& values, const Value& value, std::int64_t seed);

/// None if no trial has that value, or it is unavailable.
const Over* find(const std::vector<Over>& values, std::string_view name);
const Over* find(const std::vector<Over>& values, std::string_view name, Quality quality);

/// a - b and a / b - 1 by seed, of the seeds that both have.
struct Change {
  search::Difference difference;
  search::Mean relative;  // in %
};
/// Errors    ArgumentError if no seed has both, or a number of b is 0.
Change change(const Over& a, const Over& b);

}  // namespace joule::study
