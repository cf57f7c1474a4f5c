// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/nas/cell/cell.h"
#include "joule/nas/cell/fingerprint.h"
#include "joule/nas/table/answer.h"
#include "joule/nas/table/number_index.h"
#include "joule/nas/table/record.h"
#include "joule/nas/table/value.h"

namespace joule::nas {

struct Model {
  Cell cell;  // pruned, as it was first added
  Fingerprint fingerprint;
  std::uint32_t first, last;  // of its points, which form a chain by Point::next
};

/// A tabular benchmark in memory: the trainings that were made for each cell and budget (epochs).
///
///   Table table = Table::open("table.db");
///   Answer answer = table.query(cell, 108);            // answer.number("validation accuracy")
///   Spent spent = table.spent();                       // what training instead would have cost
///
/// Isomorphic cells have one fingerprint and get the same answer.  Use in one thread at a time.
class Table {
 public:
  /// Reads what save() wrote; docs/nas.md has the schema.
  ///
  /// Cost      423 624 records of 10 numbers in about a second.
  /// Errors    DataError (path, what is wrong): missing, not such a table, of a newer version, or
  ///           damaged.
  static Table open(const std::string& path);
  /// Atomically (AtomicFile), in one transaction; the same table gives the same bytes.
  void save(const std::string& path) const;

  /// Errors    ArgumentError as check(Value); for a metric twice in a record, or with another unit
  ///           than before; a budget or repeat below 1; a duplicate record; as pruned().
  void add(const Record& record);
  /// The same for a record whose fingerprint comes from another source.
  ///
  /// Errors    ArgumentError also if the fingerprint is not the cell's.
  void add_verified(const Record& record);

  /// The answer for a cell, or for a fingerprint's cell.  Adds its cost to spent(): "training time"
  /// and "energy" of the checkpoint, and its epochs.
  ///
  /// Cost      by fingerprint well below a microsecond.  By cell the same if this exact cell was
  ///           queried before or is in the table's form, else a fingerprint, 20 microseconds.
  /// Errors    OutOfDomain: a disconnected cell, more vertices or edges than the table has, or a
  ///           cell, budget, checkpoint or repeat that it lacks (lists the existing ones).
  Answer query(const Cell& cell, std::int64_t epochs, const QueryOptions& options = {});
  Answer query(const Fingerprint& cell, std::int64_t epochs, const QueryOptions& options = {});

  /// Empty where query() throws OutOfDomain.
  std::optional<Answer> find(const Cell& cell, std::int64_t epochs,
                             const QueryOptions& options = {});
  std::optional<Answer> find(const Fingerprint& cell, std::int64_t epochs,
                             const QueryOptions& options = {});

  const Spent& spent() const { return spent_; }
  void reset_spent() { spent_ = {}; }

  /// Where the numbers of one name lie.
  ///
  /// Errors    ArgumentError that lists the names if there is no such name.
  Column column(std::string_view name) const;

  std::span<const Model> models() const { return models_; }
  std::span<const Point> points() const { return points_; }
  std::span<const Metric> metrics() const { return metrics_; }
  /// Ascending.
  std::span<const std::int64_t> budgets() const { return budgets_; }
  /// The largest numbers of vertices and edges of its cells.
  const CellLimits& limits() const { return limits_; }
  /// The number of a point in a column of metrics(), NaN if it has none; for a metric that some
  /// point has.
  double number(std::size_t point, std::size_t metric) const {
    return numbers_[point * stride_ + static_cast<std::size_t>(slots_[metric][0])];
  }
  /// With its origin; empty if the record has no such value.
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
  NumberIndex by_cell_;  // by cell, as given
  std::vector<std::int64_t> budgets_;
  CellLimits limits_{.vertices = 0, .edges = 0};
  std::array<Column, 3> costs_{};  // training time, energy, epochs
  Spent spent_;
};

}  // namespace joule::nas
