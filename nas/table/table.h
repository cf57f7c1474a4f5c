// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/error.h"
#include "joule/nas/cell/cell.h"
#include "joule/nas/cell/fingerprint.h"
#include "joule/nas/table/answer.h"
#include "joule/nas/table/number_index.h"
#include "joule/nas/table/value.h"

namespace joule::nas {

/// A cell or a budget that a table does not hold; the message says why.
struct OutOfDomain : ArgumentError {
  using ArgumentError::ArgumentError;
};

/// One training of a cell for a budget.
struct Record {
  Cell cell;
  std::int64_t epochs = 0;  // the budget
  std::int64_t repeat = 1;  // which of several trainings
  std::vector<Value> values{};
  /// fingerprint(cell), where the caller has it already.
  std::optional<Fingerprint> fingerprint{};
};

struct Model {
  Cell cell;  // pruned, as it was first added
  Fingerprint fingerprint;
  std::uint32_t first, last;  // of its points, which are chained by Point::next
};

/// Which of a cell's records answer.
struct QueryOptions {
  bool stop_halfway = false;  // what the checkpoint in between had, and cost
  /// The number of the training that answers; without it the mean of all of them does.
  std::optional<std::int64_t> repeat{};
};

/// A tabular benchmark in memory: per cell and budget (epochs) the trainings that were made.
///
///   Table table = Table::open("table.db");
///   Answer answer = table.query(cell, 108);            // answer.number("validation accuracy")
///   Spent spent = table.spent();                       // what training instead would have cost
///
/// Cells that are isomorphic have one fingerprint and get the same answer.  One thread at a time.
class Table {
 public:
  /// Reads what save() wrote; docs/nas.md has the schema.
  ///
  /// Cost      423 624 records of 10 numbers in about a second.
  /// Errors    DataError (path, what is wrong): missing, not such a table, of a newer version,
  ///           damaged.
  static Table open(const std::string& path);
  /// Atomically (AtomicFile), in one transaction; the same table gives the same bytes.
  void save(const std::string& path) const;

  /// Errors    ArgumentError: check(Value), a metric twice in a record or with another unit than
  ///           before, a budget or repeat below 1, a record that is there already; as pruned().
  void add(const Record& record);
  /// The same of a record whose fingerprint somebody else has stated.
  ///
  /// Errors    ArgumentError: also if it is not the cell's.
  void add_verified(const Record& record);

  /// The answer for a cell, or for the cell of a fingerprint, and adds what it cost to spent():
  /// "training time" and "energy" of the checkpoint, and its epochs.
  ///
  /// Cost      by fingerprint well below a microsecond.  By cell the same if this very cell was
  ///           asked for before or is how the table has it, else a fingerprint, 20 microseconds.
  /// Errors    OutOfDomain: a disconnected cell, more vertices or edges than the table has, a cell,
  ///           budget, checkpoint or repeat that it lacks (the message lists those there are).
  Answer query(const Cell& cell, std::int64_t epochs, const QueryOptions& options = {});
  Answer query(const Fingerprint& cell, std::int64_t epochs, const QueryOptions& options = {});

  /// Nothing where query() throws OutOfDomain.
  std::optional<Answer> find(const Cell& cell, std::int64_t epochs,
                             const QueryOptions& options = {});
  std::optional<Answer> find(const Fingerprint& cell, std::int64_t epochs,
                             const QueryOptions& options = {});

  const Spent& spent() const { return spent_; }
  void reset_spent() { spent_ = {}; }

  /// Where the numbers of one name lie.
  ///
  /// Errors    ArgumentError that lists the names if there is none.
  Column column(std::string_view name) const;

  std::span<const Model> models() const { return models_; }
  std::span<const Point> points() const { return points_; }
  std::span<const Metric> metrics() const { return metrics_; }
  /// Ascending.
  std::span<const std::int64_t> budgets() const { return budgets_; }
  /// The most vertices and edges of its cells.
  const CellLimits& limits() const { return limits_; }
  /// The number of a point in a column of metrics(), not a number where there is none; of a metric
  /// that some point has.
  double number(std::size_t point, std::size_t metric) const {
    return numbers_[point * stride_ + static_cast<std::size_t>(slots_[metric][0])];
  }
  /// With its origin; nothing where the record has no such value.
  std::optional<Value> value(std::size_t point, std::size_t metric) const;

 private:
  friend class Answer;
  friend class TableFile;  // table_file.cpp
  static constexpr std::uint16_t kNoOrigin = 0xffff;
  using Slots = std::array<std::int32_t, 3>;     // of number, low, high; -1: none has an interval
  using OriginSet = std::vector<std::uint16_t>;  // per metric the number of its origin

  std::optional<std::uint32_t> model_of(const Cell& cell);
  std::optional<std::uint32_t> model_of(const Fingerprint& fingerprint) const;
  std::uint32_t model_to_add(const Record& record);
  void remember(const Cell& cell, std::uint32_t model);
  std::optional<std::size_t> find_metric(const Metric& metric, std::size_t guess) const;
  std::vector<std::size_t> columns_of(const Record& record) const;
  std::size_t add_metric(const Metric& metric);
  void give_slots(std::size_t metric, const Value& value);
  void widen(std::size_t stride);
  bool has_number(std::uint16_t origin) const {
    return origins_[origin].quality != Quality::unavailable;
  }
  std::uint16_t origin_number(const Origin& origin);
  std::uint32_t origin_set_number(const OriginSet& set);
  void append(std::uint32_t model, const Point& point);
  void add_budget(std::int64_t epochs);
  std::optional<Answer> answer(std::uint32_t model, std::int64_t epochs,
                               const QueryOptions& options) const;
  void spend(const Answer& answer);
  std::optional<Answer> find_and_spend(std::optional<std::uint32_t> model, std::int64_t epochs,
                                       const QueryOptions& options);
  [[noreturn]] void fail(std::optional<std::uint32_t> model, const std::string& asked,
                         std::int64_t epochs, const QueryOptions& options) const;
  std::string budgets_of(std::uint32_t model) const;

  std::vector<Metric> metrics_;
  std::vector<Slots> slots_;  // per metric
  std::size_t stride_ = 0;    // numbers per point
  std::vector<double> numbers_;
  std::vector<Point> points_;
  std::vector<Model> models_;
  std::vector<Origin> origins_;
  std::vector<OriginSet> origin_sets_;
  NumberIndex by_fingerprint_;
  NumberIndex by_cell_;  // of cells as they were given
  std::vector<std::int64_t> budgets_;
  CellLimits limits_{.vertices = 0, .edges = 0};
  std::array<Column, 3> costs_{};  // training time, energy, epochs
  Spent spent_;
};

}  // namespace joule::nas
