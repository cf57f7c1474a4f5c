// SPDX-License-Identifier: MIT
//
// Tables as SQLite files; docs/nas.md has the schema.  SQLite itself, not SOCI, through which the
// numbers of 400 000 records would take minutes.
#include <sqlite3.h>

#include <filesystem>
#include <limits>
#include <memory>

#include "joule/io/atomic_file.h"
#include "joule/nas/table/table.h"

namespace joule::nas {
namespace {

constexpr int kApplication = 0x4a4e4153;  // "JNAS"
constexpr int kVersion = 1;

using Handle = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

/// A database, and what its errors are called after.
class Sqlite {
 public:
  Sqlite(std::string path, const char* file, int flags)
      : path_(std::move(path)), handle_(nullptr, &sqlite3_close) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(file, &handle, flags, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK) fail();
  }

  sqlite3* get() const { return handle_.get(); }
  void run(const std::string& sql) {
    if (sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
  [[noreturn]] void fail() const { fail(handle_ ? sqlite3_errmsg(get()) : "no memory"); }
  [[noreturn]] void fail(const std::string& what) const { throw DataError(path_ + ": " + what); }

 private:
  std::string path_;
  Handle handle_;
};

class Statement {
 public:
  Statement(const Sqlite& sql, const std::string& text)
      : sql_(sql), handle_(nullptr, &sqlite3_finalize) {
    sqlite3_stmt* handle = nullptr;
    if (sqlite3_prepare_v2(sql.get(), text.c_str(), -1, &handle, nullptr) != SQLITE_OK) sql.fail();
    handle_.reset(handle);
  }

  // Of a query: the next row, and its columns from 0.
  bool step() {
    const int code = sqlite3_step(handle_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) sql_.fail();
    return code == SQLITE_ROW;
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  double real(int column) const {
    if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    return sqlite3_column_double(handle_.get(), column);
  }
  std::string text(int column) const {
    const auto* const bytes =
        reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
    return bytes == nullptr ? "" : bytes;
  }
  bool null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }

  // Of a row to insert: its values from 1.
  void set(int at, std::int64_t value) { sqlite3_bind_int64(handle_.get(), at, value); }
  void set(int at, double value) {  // what is not a number becomes NULL
    sqlite3_bind_double(handle_.get(), at, value);
  }
  void set(int at, std::string_view value) {
    sqlite3_bind_text(handle_.get(), at, value.data(), static_cast<int>(value.size()),
                      SQLITE_TRANSIENT);
  }
  void clear(int at) { sqlite3_bind_null(handle_.get(), at); }
  void insert() {
    step();
    sqlite3_reset(handle_.get());
  }

 private:
  const Sqlite& sql_;
  std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> handle_;
};

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + '"';
}

/// "half training time (s)", and of the ends of intervals "end energy low (J)".
std::string column_name(const Metric& metric, const char* end) {
  return str(name(metric.at), ' ', metric.name, end,
             metric.unit.empty() ? "" : str(" (", metric.unit, ")"));
}

constexpr std::array<const char*, 3> kEnds{"", " low", " high"};

constexpr const char* kSchema = R"(
CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT NOT NULL, checkpoint TEXT NOT NULL,
  unit TEXT NOT NULL, number_column TEXT, low_column TEXT, high_column TEXT);
CREATE TABLE origin (id INTEGER PRIMARY KEY, quality TEXT NOT NULL, source TEXT NOT NULL,
  reason TEXT NOT NULL);
CREATE TABLE origins (id INTEGER NOT NULL, metric INTEGER NOT NULL REFERENCES metric,
  origin INTEGER NOT NULL REFERENCES origin, PRIMARY KEY (id, metric)) WITHOUT ROWID;
CREATE TABLE model (id INTEGER PRIMARY KEY, hash TEXT NOT NULL, cell TEXT NOT NULL,
  vertices INTEGER NOT NULL, edges INTEGER NOT NULL);
)";

}  // namespace

/// Reads and writes what is private to a table.
class TableFile {
 public:
  static void write(const Table& table, Sqlite& sql);
  static Table read(const Sqlite& sql);

 private:
  static void write_points(const Table& table, Sqlite& sql);
  static void read_metrics(Table& table, const Sqlite& sql, std::vector<std::string>& columns);
  static void read_origins(Table& table, const Sqlite& sql);
  static void read_models(Table& table, const Sqlite& sql);
  static void read_points(Table& table, const Sqlite& sql, const std::vector<std::string>& columns);
  static void check_numbers(const Table& table, const Sqlite& sql);
};

void TableFile::write(const Table& table, Sqlite& sql) {
  sql.run(str("PRAGMA application_id=", kApplication, "; PRAGMA user_version=", kVersion,
              "; BEGIN;", kSchema));
  Statement metric(sql, "INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < table.metrics_.size(); ++i) {
    const Metric& of = table.metrics_[i];
    metric.set(1, static_cast<std::int64_t>(i));
    metric.set(2, of.name);
    metric.set(3, name(of.at));
    metric.set(4, of.unit);
    for (std::size_t k = 0; k < kEnds.size(); ++k) {
      const auto at = static_cast<int>(5 + k);
      table.slots_[i][k] < 0 ? metric.clear(at) : metric.set(at, column_name(of, kEnds[k]));
    }
    metric.insert();
  }
  Statement origin(sql, "INSERT INTO origin VALUES (?, ?, ?, ?)");
  for (std::size_t i = 0; i < table.origins_.size(); ++i) {
    const Origin& of = table.origins_[i];
    origin.set(1, static_cast<std::int64_t>(i));
    origin.set(2, name(of.quality));
    origin.set(3, of.source);
    origin.set(4, of.reason);
    origin.insert();
  }
  Statement origins(sql, "INSERT INTO origins VALUES (?, ?, ?)");
  for (std::size_t i = 0; i < table.origin_sets_.size(); ++i) {
    for (std::size_t k = 0; k < table.origin_sets_[i].size(); ++k) {
      const std::uint16_t one = table.origin_sets_[i][k];
      if (one == Table::kNoOrigin) continue;
      origins.set(1, static_cast<std::int64_t>(i));
      origins.set(2, static_cast<std::int64_t>(k));
      origins.set(3, static_cast<std::int64_t>(one));
      origins.insert();
    }
  }
  Statement model(sql, "INSERT INTO model VALUES (?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < table.models_.size(); ++i) {
    const Model& of = table.models_[i];
    model.set(1, static_cast<std::int64_t>(i));
    model.set(2, to_text(of.fingerprint));
    model.set(3, to_text(of.cell));
    model.set(4, static_cast<std::int64_t>(of.cell.vertices()));
    model.set(5, static_cast<std::int64_t>(of.cell.edges()));
    model.insert();
  }
  write_points(table, sql);
  sql.run("COMMIT");
}

void TableFile::write_points(const Table& table, Sqlite& sql) {
  std::vector<std::size_t> slots;  // in the order of the metrics
  std::string declared, marks;
  for (std::size_t i = 0; i < table.metrics_.size(); ++i) {
    for (std::size_t k = 0; k < kEnds.size(); ++k) {
      if (table.slots_[i][k] < 0) continue;
      slots.push_back(static_cast<std::size_t>(table.slots_[i][k]));
      declared += str(",\n  ", quoted(column_name(table.metrics_[i], kEnds[k])), " REAL");
      marks += ", ?";
    }
  }
  sql.run(
      str("CREATE TABLE point (id INTEGER PRIMARY KEY, model INTEGER NOT NULL REFERENCES model,"
          "\n  epochs INTEGER NOT NULL, repeat INTEGER NOT NULL, origins INTEGER NOT NULL",
          declared, ")"));
  Statement point(sql, "INSERT INTO point VALUES (?, ?, ?, ?, ?" + marks + ")");
  for (std::size_t i = 0; i < table.points_.size(); ++i) {
    const Point& of = table.points_[i];
    point.set(1, static_cast<std::int64_t>(i));
    point.set(2, static_cast<std::int64_t>(of.model));
    point.set(3, of.epochs);
    point.set(4, static_cast<std::int64_t>(of.repeat));
    point.set(5, static_cast<std::int64_t>(of.origins));
    for (std::size_t k = 0; k < slots.size(); ++k) {
      point.set(static_cast<int>(6 + k), table.numbers_[i * table.stride_ + slots[k]]);
    }
    point.insert();
  }
}

void TableFile::read_metrics(Table& table, const Sqlite& sql, std::vector<std::string>& columns) {
  Statement metric(sql,
                   "SELECT id, name, checkpoint, unit, number_column, low_column, high_column"
                   " FROM metric ORDER BY id");
  while (metric.step()) {
    const std::size_t number = table.add_metric({.name = metric.text(1),
                                                 .at = parse_checkpoint(metric.text(2), "metric"),
                                                 .unit = metric.text(3)});
    if (metric.integer(0) != static_cast<std::int64_t>(number)) sql.fail("metrics are missing");
    for (int k = 0; k < 3; ++k) {
      if (metric.null(4 + k)) continue;
      table.slots_[number][static_cast<std::size_t>(k)] = static_cast<std::int32_t>(columns.size());
      columns.push_back(metric.text(4 + k));
    }
  }
  table.stride_ = columns.size();
}

void TableFile::read_origins(Table& table, const Sqlite& sql) {
  Statement origin(sql, "SELECT quality, source, reason FROM origin ORDER BY id");
  while (origin.step()) {
    table.origins_.push_back({.quality = parse_quality(origin.text(0), "origin"),
                              .source = origin.text(1),
                              .reason = origin.text(2)});
  }
  Statement origins(sql, "SELECT id, metric, origin FROM origins ORDER BY id, metric");
  while (origins.step()) {
    const auto set = static_cast<std::size_t>(origins.integer(0));
    const auto metric = static_cast<std::size_t>(origins.integer(1));
    const auto one = static_cast<std::size_t>(origins.integer(2));
    if (set > table.origin_sets_.size() || metric >= table.metrics_.size() ||
        one >= table.origins_.size()) {
      sql.fail(str("table origins: there is no origin ", one, " of metric ", metric));
    }
    if (set == table.origin_sets_.size()) table.origin_sets_.emplace_back();
    table.origin_sets_[set].resize(metric + 1, Table::kNoOrigin);
    table.origin_sets_[set][metric] = static_cast<std::uint16_t>(one);
    if (table.has_number(static_cast<std::uint16_t>(one)) && table.slots_[metric][0] < 0) {
      sql.fail(str("table origins: metric ", metric, " has no column"));
    }
  }
  if (table.origin_sets_.empty()) table.origin_sets_.emplace_back();
}

void TableFile::read_models(Table& table, const Sqlite& sql) {
  Statement model(sql, "SELECT id, hash, cell FROM model ORDER BY id");
  while (model.step()) {
    try {
      const Cell cell = parse_cell(model.text(2));
      const std::uint32_t number =
          table.model_to_add({.cell = cell, .fingerprint = parse_fingerprint(model.text(1))});
      if (number != static_cast<std::uint64_t>(model.integer(0))) {
        sql.fail("model " + model.text(1) + " is there twice, or some are missing");
      }
    } catch (const ArgumentError& error) {
      sql.fail(str("model ", model.integer(0), ": ", error.what()));
    }
  }
}

void TableFile::read_points(Table& table, const Sqlite& sql,
                            const std::vector<std::string>& columns) {
  Statement count(sql, "SELECT count(*) FROM point");
  count.step();
  table.points_.reserve(static_cast<std::size_t>(count.integer(0)));
  table.numbers_.reserve(static_cast<std::size_t>(count.integer(0)) * columns.size());
  std::string text = "SELECT model, epochs, repeat, origins";
  for (const std::string& column : columns) text += ", " + quoted(column);
  Statement point(sql, text + " FROM point ORDER BY id");
  while (point.step()) {
    const std::int64_t model = point.integer(0), epochs = point.integer(1),
                       repeat = point.integer(2), origins = point.integer(3);
    if (model < 0 || model >= static_cast<std::int64_t>(table.models_.size()) || origins < 0 ||
        origins >= static_cast<std::int64_t>(table.origin_sets_.size()) || epochs < 1 ||
        repeat < 1) {
      sql.fail(str("point ", table.points_.size(), " of model ", model, ", ", epochs,
                   " epochs, repeat ", repeat, ", origins ", origins, " cannot be"));
    }
    table.append(static_cast<std::uint32_t>(model), {.epochs = epochs,
                                                     .repeat = static_cast<std::int32_t>(repeat),
                                                     .model = static_cast<std::uint32_t>(model),
                                                     .origins = static_cast<std::uint32_t>(origins),
                                                     .next = kNoPoint});
    for (std::size_t i = 0; i < columns.size(); ++i) {
      table.numbers_.push_back(point.real(static_cast<int>(4 + i)));
    }
    check_numbers(table, sql);
  }
}

/// Where an origin says that there is a number, there is one.
void TableFile::check_numbers(const Table& table, const Sqlite& sql) {
  const Point& point = table.points_.back();
  const Table::OriginSet& set = table.origin_sets_[point.origins];
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set[i] == Table::kNoOrigin || !table.has_number(set[i])) continue;
    const double number = table.number(table.points_.size() - 1, i);
    if (number != number) {
      sql.fail(str("point ", table.points_.size() - 1, " has no number of ", table.metrics_[i].name,
                   ", and no reason why"));
    }
  }
}

Table TableFile::read(const Sqlite& sql) {
  Statement application(sql, "PRAGMA application_id");
  application.step();
  if (application.integer(0) != kApplication) sql.fail("is no table of cells that Joule wrote");
  Statement version(sql, "PRAGMA user_version");
  version.step();
  if (version.integer(0) != kVersion) {
    sql.fail(
        str("is a table of version ", version.integer(0), "; this Joule reads version ", kVersion));
  }
  Table table;
  std::vector<std::string> columns;
  read_metrics(table, sql, columns);
  read_origins(table, sql);
  read_models(table, sql);
  read_points(table, sql, columns);
  return table;
}

Table Table::open(const std::string& path) {
  if (!std::filesystem::exists(path)) throw DataError(path + ": there is no such file");
  return TableFile::read(Sqlite(path, path.c_str(), SQLITE_OPEN_READONLY));
}

void Table::save(const std::string& path) const {
  Sqlite sql(path, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  TableFile::write(*this, sql);
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> bytes(
      sqlite3_serialize(sql.get(), "main", &size, 0), &sqlite3_free);
  if (!bytes) sql.fail("no memory for the table's file");
  AtomicFile file(path);
  file.write(bytes.get(), static_cast<std::size_t>(size));
  file.commit();
}

}  // namespace joule::nas
