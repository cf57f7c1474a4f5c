// SPDX-License-Identifier: MIT
#include "joule/study/storage/database.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

#include "joule/core/error.h"
#include "joule/study/storage/network_file_system.h"

// The entry of SOCI's SQLite backend.  Its own header needs that of SQLite.
extern "C" soci::backend_factory const* factory_sqlite3();

namespace joule::study {
namespace {

/// How long another process may hold the database, or a connection be broken.
constexpr double kPatience = 60;

/// The same number for all: only Joule's transactions that make tables or studies ask for it.
constexpr const char* kLockOfMakers = "SELECT pg_advisory_xact_lock(7301712948530114387)";

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// Parameters of a connection, so that a machine or a network that is gone is noticed: without them
/// a client waits two hours for an answer that was lost.  What the user's URL says comes first.
///
/// Source    PostgreSQL's documentation, "Parameter Key Words" of libpq.
constexpr std::pair<std::string_view, std::string_view> kConnection[] = {
    {"application_name", "joule"}, {"connect_timeout", "10"},  // seconds
    {"keepalives_idle", "10"},     {"keepalives_interval", "5"},
    {"keepalives_count", "4"},     {"tcp_user_timeout", "30000"},  // milliseconds
};

/// The same of the server: what a process that is gone, or stopped, has locked is free after half a
/// minute.
constexpr const char* kServerSettings[] = {
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 4",
    "SET tcp_user_timeout = 30000",
    "SET idle_in_transaction_session_timeout = 30000",
};

/// The URL as libpq gets it.  SOCI splits it at the first '=' and ends it with one: there must be
/// one, as there is with any parameter.
std::string with_parameters(std::string url) {
  for (const auto& [name, value] : kConnection) {
    const std::string parameter = str(name, "=");
    if (url.find(parameter, std::min(url.find('?'), url.size())) != std::string::npos) continue;
    url += str(url.find('?') == std::string::npos ? "?" : "&", parameter, value);
  }
  return url;
}

/// The first line of what the database says, without the statement and the name of SOCI's function.
std::string first_line(const soci::soci_error& error) {
  std::string text = error.get_error_message();
  text = text.substr(0, text.find('\n'));
  const std::size_t colon = text.find(": ");
  if (text.starts_with("sqlite3_") && colon != std::string::npos) text.erase(0, colon + 2);
  return text;
}

}  // namespace

Database::Database(const Location& location, Storage::Missing missing,
                   std::span<const Migration> schema)
    : location_(location), postgresql_(location.is_postgresql()) {
  if (postgresql_) {
    now_ = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)";
    skip_locked_ = " FOR UPDATE SKIP LOCKED";
    open_postgresql();
  } else {
    now_ = "((julianday('now') - 2440587.5) * 86400.0)";
    open_sqlite(missing);
  }
  migrate(missing, schema);
}

void Database::open_sqlite(Storage::Missing missing) {
  const std::string& path = location_.url;
  require(path.find('"') == std::string::npos, path, ": a path of a storage cannot have a \"");
  std::error_code ignored;
  if (missing == Storage::Missing::refuse && !std::filesystem::exists(path, ignored)) {
    throw DataError(path + ": there is no such file, so no study");
  }
  if (const std::string network = network_file_system(path); !network.empty()) {
    throw DataError(str(path, ": is on ", network,
                        ", which other machines may mount, too, and SQLite "
                        "works on one machine: use a local disk, or --storage postgresql://... for "
                        "studies over machines (docs/scale.md)"));
  }
  try {
    sql_.open(*factory_sqlite3(), str("db=\"", path, "\" timeout=", kPatience));
    // Readers and one writer at a time.  What is committed outlives the process; begin() sees to
    // what is to outlive a loss of power.  A change of the mode does not wait by itself.
    for (double waited = 0;; waited += 0.05) {
      try {
        std::string mode;
        sql_ << "PRAGMA journal_mode = WAL", soci::into(mode);
        if (mode != "wal") fail("its file system does not have what SQLite's WAL needs");
        break;
      } catch (const soci::soci_error& error) {
        if (first_line(error).find("locked") == std::string::npos || waited > kPatience) throw;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    }
    sql_ << "PRAGMA synchronous = NORMAL";
    sql_ << "PRAGMA foreign_keys = ON";
  } catch (const soci::soci_error& error) {
    fail(first_line(error));
  }
}

void Database::open_postgresql() {
  try {
    sql_.open("postgresql", with_parameters(location_.url));
    set_up_server();
  } catch (const soci::soci_error& error) {
    const std::string text = error.get_error_message();
    if (text.find("shared library") != std::string::npos ||
        text.find("Failed to open") != std::string::npos) {
      fail(str("SOCI's backend of PostgreSQL is not installed (apt-get install ",
               "libsoci-postgresql4.0): ", first_line(error)));
    }
    const std::size_t reason = text.find("connection to server");
    fail("cannot be reached: " + (reason == std::string::npos
                                      ? text
                                      : text.substr(reason, text.find('\n', reason) - reason)));
  }
}

void Database::set_up_server() {
  for (const char* setting : kServerSettings) sql_ << setting;
}

std::vector<std::string> Database::tables(soci::session& sql) {
  std::vector<std::string> names;
  std::string name;
  soci::statement statement =
      (sql.prepare << (postgresql_
                           ? "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE "
                             "table_schema = current_schema() ORDER BY table_name"
                           : "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"),
       soci::into(name));
  statement.execute();
  while (statement.fetch()) names.push_back(name);
  return names;
}

void Database::migrate(Storage::Missing missing, std::span<const Migration> schema) {
  const auto newest = static_cast<long long>(schema.size());
  const auto version_of = [&](soci::session& sql) -> long long {
    const std::vector<std::string> names = tables(sql);
    if (names.empty()) {
      if (missing == Storage::Missing::refuse) fail("there is no study in it");
      return 0;
    }
    if (std::ranges::find(names, "joule_schema") == names.end()) {
      fail("it holds something else than Joule's studies: the tables " + joined(names));
    }
    long long version = 0;
    sql << "SELECT MAX(version) FROM joule_schema", soci::into(version);
    if (version > newest) {
      fail(str("its schema has version ", version, ", and this program knows those up to ", newest,
               ": use the newer Joule that made it"));
    }
    return version;
  };
  if (transact(Access::read, version_of) == newest) return;
  transact(Access::durable, [&](soci::session& sql) {
    keep_others_from_making();
    const long long version = version_of(sql);  // another process may have been first
    for (long long v = version; v < newest; ++v) {
      for (const std::string& statement : schema[static_cast<std::size_t>(v)]) sql << statement;
    }
    if (version == newest) return;
    sql << "DELETE FROM joule_schema";
    sql << "INSERT INTO joule_schema (version) VALUES (:version)", soci::use(newest);
  });
}

void Database::keep_others_from_making() {
  if (postgresql_) sql_ << kLockOfMakers;
}

void Database::begin(Access access) {
  if (postgresql_) {
    sql_ << (access == Access::read ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                    : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    if (access == Access::write) sql_ << "SET LOCAL synchronous_commit = off";
    return;
  }
  const bool durable = access == Access::durable;
  if (access != Access::read && durable != durable_) {
    sql_ << (durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    durable_ = durable;
  }
  sql_ << (access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE");
}

void Database::commit() { sql_ << "COMMIT"; }

void Database::undo() noexcept {
  try {
    sql_ << "ROLLBACK";
  } catch (const std::exception&) {  // the connection is gone, and with it the transaction
  }
}

void Database::Patience::wait_or_throw(const soci::soci_error& error) {
  constexpr double kStep = 0.25;
  const bool broken = database_.postgresql_ && !database_.sql_.is_connected();
  // Of two transactions in each other's way PostgreSQL undoes one.
  const std::string what = first_line(error);
  const bool conflict = what.find("deadlock detected") != std::string::npos ||
                        what.find("could not serialize") != std::string::npos;
  const auto now = std::chrono::steady_clock::now();
  if (!began_) began_ = now;
  if ((!broken && !conflict) || now - *began_ >= std::chrono::duration<double>(kPatience)) {
    database_.fail(what);
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(kStep));
  if (!broken) return;
  try {
    database_.sql_.reconnect();
    database_.set_up_server();
  } catch (const soci::soci_error&) {  // the next attempt fails, and comes here again
  }
}

void Database::fail(const std::string& what) const {
  throw DataError(location_.shown() + ": " + what);
}

}  // namespace joule::study
