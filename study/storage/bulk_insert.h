// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "joule/study/storage/database.h"

namespace joule::study {

/// Inserts rows into a table, kRows of them with each statement, which is prepared once: a server
/// answers once for all of them.
///
/// Cost      a statement for each kRows rows, and one for the rest; memory for kRows rows.
/// Errors    add() and finish() throw what SOCI does; the transaction is then to be undone.
class BulkInsert {
 public:
  using Cell = std::variant<long long, std::string, Nullable>;

  /// 32 rows of the widest table are 416 parameters: SQLite takes at least 999, PostgreSQL 65535.
  static constexpr std::size_t kRows = 32;

  /// `columns` as SQL lists them.
  BulkInsert(soci::session& sql, const std::string& table,
             std::initializer_list<const char*> columns);

  /// A row, with a cell for each column.  The cells of a column have one type in all rows.
  void add(std::vector<Cell> row);
  /// Inserts what is left.  Without it, those rows are not stored.
  void finish();

 private:
  soci::statement prepared(std::size_t rows);

  soci::session& sql_;
  std::string head_;
  std::size_t columns_, rows_ = 0;
  std::vector<Cell> cells_;              // of up to kRows rows: what the statements read
  std::optional<soci::statement> full_;  // of kRows rows; made when there are so many
};

}  // namespace joule::study
