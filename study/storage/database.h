// SPDX-License-Identifier: MIT
#pragma once

#include <soci/soci.h>

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "joule/study/storage/schema.h"
#include "joule/study/storage/storage.h"

namespace joule::study {

/// What a transaction does.
enum class Access {
  read,    // sees one state of the database
  write,   // outlives a kill of this process
  durable  // outlives a loss of power, too, of whatever machine the database is on
};

/// A connection, and what differs between the two databases.
class Database {
 public:
  /// Opens it and brings its schema up to `schema`.  Errors    as Storage().
  Database(const Location& location, Storage::Missing missing, std::span<const Migration> schema);

  const Location& location() const { return location_; }

  /// Its time, as an expression of SQL.
  const std::string& now() const { return now_; }
  /// At the end of a subquery: the row is this transaction's, and rows of others are passed over.
  const std::string& skip_locked() const { return skip_locked_; }
  /// In a transaction: no other process makes tables or studies until it ends.
  void keep_others_from_making();

  /// body(session) as one transaction: committed if it returns, undone if it throws.  Where the
  /// connection breaks, it is made anew and the body called again, for up to a minute.
  ///
  /// Errors    DataError (the place, what the database says); what the body throws.
  template <class Body>
  auto transact(Access access, Body&& body) {
    for (Patience patience(*this);;) {
      try {
        begin(access);
        if constexpr (std::is_void_v<decltype(body(sql_))>) {
          body(sql_);
          commit();
          return;
        } else {
          auto result = body(sql_);
          commit();
          return result;
        }
      } catch (const soci::soci_error& error) {
        undo();
        patience.wait_or_throw(error);
      } catch (...) {
        undo();
        throw;
      }
    }
  }

 private:
  /// Decides how long broken connections and conflicts are put up with.
  class Patience {
   public:
    explicit Patience(Database& database) : database_(database) {}
    void wait_or_throw(const soci::soci_error& error);

   private:
    Database& database_;
    double waited_ = 0;
  };

  void open_sqlite(Storage::Missing missing);
  void open_postgresql();
  void migrate(Storage::Missing missing, std::span<const Migration> schema);
  std::vector<std::string> tables(soci::session& sql);
  void begin(Access access);
  void commit();
  void undo() noexcept;
  [[noreturn]] void fail(const std::string& what) const;

  Location location_;
  bool postgresql_;
  std::string now_, skip_locked_;
  bool durable_ = false;  // what SQLite is set to
  soci::session sql_;
};

/// A number that may be NULL, to be bound by use(n.number, n.indicator).
struct Nullable {
  double number = 0;
  soci::indicator indicator = soci::i_null;

  Nullable() = default;
  explicit Nullable(const std::optional<double>& value)
      : number(value.value_or(0)), indicator(value ? soci::i_ok : soci::i_null) {}
  std::optional<double> value() const {
    return indicator == soci::i_ok ? std::optional(number) : std::nullopt;
  }
};

}  // namespace joule::study
