// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/search/statistics/mean.h"
#include "joule/study/value.h"

// Values over the trials of one point that differ only by chance.
namespace joule::study {

/// A value over the seeds, or over another repetition of the trials.
struct Over {
  std::string name, unit;
  Quality quality = Quality::unavailable;
  std::vector<double> numbers;  // by seed, of the seeds that have it
  std::vector<std::int64_t> seeds;
  std::string source, reason;

  /// Errors    ArgumentError if there is no number.
  search::Mean mean() const { return search::mean_interval(numbers); }
};

/// Adds a trial's value to those of its name and quality, or starts them.
///
/// Errors    ArgumentError if they have another unit.
void add_value(std::vector<Over>& values, const Value& value, std::int64_t seed);

/// Null if no trial has that value, or it is unavailable.
const Over* find(const std::vector<Over>& values, std::string_view name);
const Over* find(const std::vector<Over>& values, std::string_view name, Quality quality);

/// a - b and a / b - 1 by seed, for the seeds that both have.
struct Change {
  search::Difference difference;
  search::Mean relative;  // in %
};
/// Errors    ArgumentError if no seed has both, or a number of b is 0.
Change change(const Over& a, const Over& b);

}  // namespace joule::study
