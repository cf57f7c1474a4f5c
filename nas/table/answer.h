// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "joule/nas/table/value.h"

namespace joule::nas {

class Cell;
class Table;

/// A training in a table.
struct Point {
  std::int64_t epochs;
  std::int32_t repeat;
  std::uint32_t model;
  std::uint32_t origins;  // the index of its set of origins
  std::uint32_t next;     // the model's next one; kNoPoint: none
};
inline constexpr std::uint32_t kNoPoint = 0xffffffff;

/// What the trainings that were looked up would have cost.
struct Spent {
  std::int64_t queries = 0;
  double seconds = 0, joules = 0, epochs = 0;
  /// Queries whose record lacks the training time or the energy; the sums leave them out.
  std::int64_t without_seconds = 0, without_joules = 0;
};

/// Where the numbers of one name are: a column of the table per checkpoint; -1: none.
struct Column {
  std::array<std::int32_t, kCheckpoints> at{-1, -1, -1, -1};
};

/// What a table knows about a cell and a budget.  Refers to the table, which must outlive it and
/// must not be added to.
class Answer {
 public:
  const Cell& cell() const;
  std::int64_t epochs() const;
  bool halfway() const { return checkpoint_ == Checkpoint::half; }
  /// The number of trainings over which the numbers are averaged.
  std::size_t repeats() const { return repeats_; }

  /// At the requested checkpoint, or else of the run; empty if a training lacks it.
  std::optional<double> number(const Column& column) const;
  /// The same by name; by Column is faster.
  ///
  /// Errors    as Table::column().
  std::optional<double> number(std::string_view name) const;

  /// With origin and interval.  For several trainings that differ, the interval is Student's 95 %
  /// interval of their mean.
  std::optional<Value> value(const Column& column) const;
  std::optional<Value> value(std::string_view name) const;
  /// Everything known about the run, and about the requested checkpoint.
  std::vector<Value> values() const;

 private:
  friend class Table;
  std::optional<std::size_t> metric(const Column& column) const;
  std::optional<double> mean(std::size_t metric) const;
  std::optional<Value> value_of(std::size_t metric) const;
  /// Calls visit(point) for each training.
  template <class Visit>
  void each(Visit&& visit) const;

  const Table* table_ = nullptr;
  std::uint32_t first_ = kNoPoint;  // the first of its trainings
  std::uint32_t repeats_ = 0;
  Checkpoint checkpoint_ = Checkpoint::end;
};

}  // namespace joule::nas
