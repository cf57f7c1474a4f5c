// SPDX-License-Identifier: MIT
#include "joule/study/storage/rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/io/parse_number.h"

namespace joule::study {
namespace {

/// A row of trial_values, or of trial_reports.
struct ValueRow {
  long long trial = 0, epoch = 0;
  std::string name, unit, quality, source, reason;
  Nullable number, low, high;

  Value value(const std::string& where) const {
    return {.name = name,
            .number = number.value(),
            .unit = unit,
            .quality = parse_quality(quality, where),
            .low = low.value(),
            .high = high.value(),
            .source = source,
            .reason = reason};
  }
};

/// Calls take(row) for each, by trial, epoch and position; the epoch of a trial's own values is 0.
template <class Take>
void for_each_value(soci::session& sql, const char* table, const char* epoch, long long study,
                    long long from, long long below, Take&& take) {
  ValueRow row;
  soci::statement statement =
      (sql.prepare << "SELECT trial, " << epoch
                   << " AS of_epoch, name, number, unit, quality, low, high, source, reason FROM "
                   << table
                   << " WHERE study = :study AND trial >= :low AND trial < :high ORDER BY trial, "
                      "of_epoch, position",
       soci::use(study), soci::use(from), soci::use(below), soci::into(row.trial),
       soci::into(row.epoch), soci::into(row.name),
       soci::into(row.number.number, row.number.indicator), soci::into(row.unit),
       soci::into(row.quality), soci::into(row.low.number, row.low.indicator),
       soci::into(row.high.number, row.high.indicator), soci::into(row.source),
       soci::into(row.reason));
  statement.execute();
  while (statement.fetch()) take(row);
}

Trial& of_number(std::vector<Trial>& trials, long long number, const std::string& where) {
  const auto found = std::ranges::lower_bound(trials, number, {}, &Trial::number);
  if (found == trials.end() || found->number != number) {
    throw DataError(str(where, ": values of a trial ", number, ", which there is not"));
  }
  return *found;
}

void read_values(soci::session& sql, const std::string& where, const Study& study, long long from,
                 long long below, std::vector<Trial>& trials) {
  const auto place = [&](const ValueRow& row) { return str(where, ", trial ", row.trial); };
  for_each_value(sql, "trial_values", "0", study.id, from, below, [&](const ValueRow& row) {
    of_number(trials, row.trial, where).values.push_back(row.value(place(row)));
  });
  for_each_value(sql, "trial_reports", "epoch", study.id, from, below, [&](const ValueRow& row) {
    if (row.epoch == kProposalEpoch) {
      of_number(trials, row.trial, where).proposal.push_back(row.value(place(row)));
      return;
    }
    std::vector<Report>& reports = of_number(trials, row.trial, where).reports;
    if (reports.empty() || reports.back().epoch != row.epoch) reports.push_back({row.epoch, {}});
    reports.back().values.push_back(row.value(place(row)));
  });
}

}  // namespace

std::vector<Trial> read_trials(soci::session& sql, const Location& location, const Study& study,
                               std::int64_t from, std::int64_t below) {
  const std::string where = location.shown() + ": study " + study.definition.name;
  const long long id = study.id, low = from, high = below;
  long long number = 0, pid = 0, token = 0, crashes = 0;
  std::string point, state, seed, host, error;
  Nullable started, ended;
  soci::statement statement =
      (sql.prepare << "SELECT number, point, state, seed, started, ended, host, pid, token, "
                      "crashes, error FROM trials WHERE study = :study AND number >= :low AND "
                      "number < :high ORDER BY number",
       soci::use(id), soci::use(low), soci::use(high), soci::into(number), soci::into(point),
       soci::into(state), soci::into(seed), soci::into(started.number, started.indicator),
       soci::into(ended.number, ended.indicator), soci::into(host), soci::into(pid),
       soci::into(token), soci::into(crashes), soci::into(error));
  statement.execute();
  std::vector<Trial> trials;
  while (statement.fetch()) {
    const std::string place = str(where, ", trial ", number);
    trials.push_back({.number = number,
                      .point = search::parse_point(study.definition.space, point, place),
                      .state = parse_state(state, place),
                      .seed = parse_number<std::uint64_t>(place + ": seed", seed),
                      .started = started.value(),
                      .ended = ended.value(),
                      .worker = host.empty() ? "" : str(pid, " on ", host),
                      .host = host,
                      .token = token,
                      .crashes = crashes,
                      .error = error});
  }
  if (!trials.empty()) read_values(sql, where, study, low, high, trials);
  return trials;
}

ValueRows::ValueRows(soci::session& sql)
    : own_(sql, "trial_values",
           {"study", "trial", "position", "name", "number", "unit", "quality", "low", "high",
            "source", "reason"}),
      reports_(sql, "trial_reports",
               {"study", "trial", "epoch", "position", "name", "number", "unit", "quality", "low",
                "high", "source", "reason"}) {}

void ValueRows::add(std::int64_t study, std::int64_t trial, std::optional<std::int64_t> epoch,
                    const std::vector<Value>& values) {
  long long position = 0;
  for (const Value& value : values) {
    std::vector<BulkInsert::Cell> row{static_cast<long long>(study), static_cast<long long>(trial)};
    if (epoch) row.emplace_back(static_cast<long long>(*epoch));
    row.insert(row.end(), {position++, value.name, Nullable(value.number), value.unit,
                           std::string(name(value.quality)), Nullable(value.low),
                           Nullable(value.high), value.source, value.reason});
    (epoch ? reports_ : own_).add(std::move(row));
  }
}

void ValueRows::finish() {
  own_.finish();
  reports_.finish();
}

void write_values(soci::session& sql, std::int64_t study, std::int64_t trial,
                  std::optional<std::int64_t> epoch, const std::vector<Value>& values) {
  ValueRows rows(sql);
  rows.add(study, trial, epoch, values);
  rows.finish();
}

std::string storable(const std::string& text) {
  std::string out = nlohmann::ordered_json::parse(dumped(text)).get<std::string>();
  std::erase(out, '\0');
  return out;
}

}  // namespace joule::study
