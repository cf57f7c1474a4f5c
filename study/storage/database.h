// SPDX-License-Identifier: MIT
#pragma once

#include <soci/soci.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "joule/study/storage/schema.h"
#include "joule/study/storage/storage.h"

namespace joule::study {

/// What a transaction does, and how durable it is.
enum class Access {
  read,    // sees one state of the database
  write,   // outlives a kill of this process
  durable  // outlives a loss of power, too, of whatever machine the database is on
};

/// A connection, hiding the differences between the two databases.
class Database {
 public:
  /// Opens it and upgrades its schema to `schema`.  Errors    as Storage().
  Database(const Location& location, Storage::Missing missing, std::span<const Migration> schema);

  const Location& location() const { return location_; }

  /// The database's time, as an SQL expression.
  const std::string& now() const { return now_; }
  /// Put this at the end of a subquery: locks the row, and skips rows that others have locked.
  const std::string& skip_locked() const { return skip_locked_; }
  /// Within a transaction: no other process creates tables or studies until it ends.
  void keep_others_from_making();

  /// Runs body(session) as one transaction: committed if it returns, rolled back if it throws.  If
  /// the connection breaks, reconnects and calls the body again, for up to a minute.
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
  /// Decides how long to retry after broken connections and conflicts.
  class Patience {
   public:
    explicit Patience(Database& database) : database_(database) {}
    void wait_or_throw(const soci::soci_error& error);

   private:
    Database& database_;
    std::optional<std::chrono::steady_clock::time_point> began_;  // at the first failure
  };

  void open_sqlite(Storage::Missing missing);
  void open_postgresql();
  void set_up_server();
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

/// A number that may be NULL; bind it by use(n.number, n.indicator).
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
