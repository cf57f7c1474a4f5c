// SPDX-License-Identifier: MIT
#include "joule/study/storage/bulk_insert.h"

#include <algorithm>
#include <utility>

#include "joule/core/error.h"

namespace joule::study {
namespace {

std::string head_of(const std::string& table, std::initializer_list<const char*> columns) {
  std::string head;
  for (const char* column : columns) head += (head.empty() ? "" : ", ") + std::string(column);
  return str("INSERT INTO ", table, " (", head, ") VALUES ");
}

/// Binds a parameter to a cell, whose value may change from one execution to the next.
struct Bind {
  soci::statement& statement;

  void operator()(const long long& number) const { statement.exchange(soci::use(number)); }
  void operator()(const std::string& text) const { statement.exchange(soci::use(text)); }
  void operator()(Nullable& value) const {
    statement.exchange(soci::use(value.number, value.indicator));
  }
};

}  // namespace

BulkInsert::BulkInsert(soci::session& sql, const std::string& table,
                       std::initializer_list<const char*> columns)
    : sql_(sql), head_(head_of(table, columns)), columns_(columns.size()) {}

void BulkInsert::add(std::vector<Cell> row) {
  require(row.size() == columns_, head_, ": expected ", columns_, " cells, got ", row.size());
  cells_.resize(std::max(cells_.size(), (rows_ + 1) * columns_));
  // An assignment of the same type leaves a cell where the statement reads it.
  std::move(row.begin(), row.end(), cells_.begin() + static_cast<std::ptrdiff_t>(rows_ * columns_));
  if (++rows_ < kRows) return;
  if (!full_) full_.emplace(prepared(kRows));
  full_->execute(true);
  rows_ = 0;
}

void BulkInsert::finish() {
  if (rows_ > 0) prepared(rows_).execute(true);
  rows_ = 0;
}

soci::statement BulkInsert::prepared(std::size_t rows) {
  soci::statement statement(sql_);
  std::string text = head_;
  for (std::size_t i = 0; i < rows * columns_; ++i) {
    const bool first = i % columns_ == 0, last = (i + 1) % columns_ == 0;
    text += str(first ? (i == 0 ? "(:c" : ", (:c") : ", :c", i, last ? ")" : "");
    std::visit(Bind{statement}, cells_[i]);
  }
  statement.alloc();
  statement.prepare(text);
  statement.define_and_bind();
  return statement;
}

}  // namespace joule::study
