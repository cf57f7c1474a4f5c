// SPDX-License-Identifier: MIT
#include "joule/study/storage/storage.h"

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/core/version.h"
#include "joule/io/json_dump.h"
#include "joule/io/parse_number.h"
#include "joule/study/storage/rows.h"
#include "joule/study/storage/storage_impl.h"
#include "joule/study/study_json.h"

namespace joule::study {
namespace {

constexpr const char* kStudyColumns =
    "id, name, kind, config, space, goals, sampler, seed, fixed, pruner, trials, energy_budget, "
    "created, "
    "joule, host, machine";

constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

/// A row of studies.
struct StudyRow {
  long long id = 0, trials = 0;
  std::string name, kind, config, space, goals, sampler, seed, fixed, pruner, joule, host, machine;
  Nullable budget;
  soci::indicator has_trials = soci::i_null;
  double created = 0;

  Study study(const std::string& where) const {
    StudyDefinition d{.name = name,
                      .kind = kind,
                      .config = config,
                      .space = search::parse_space(space, where + ": space"),
                      .goals = parse_goals(goals, where + ": goals"),
                      .sampler = sampler,
                      .seed = parse_number<std::uint64_t>(where + ": seed", seed)};
    d.fixed = parse_points(d.space, fixed, where + ": fixed points");
    d.pruner = parse_pruner(pruner, where + ": pruner");
    if (has_trials == soci::i_ok) d.trials = trials;
    if (const auto joules = budget.value()) d.energy_budget = energy::Joules(*joules);
    return {id, std::move(d), {created, joule, host, machine}};
  }
};

/// Calls take(study) for the studies that `condition` (with the name bound to it, if any) selects.
std::vector<Study> read_studies(soci::session& sql, const Location& location,
                                const std::string* name) {
  StudyRow row;
  const std::string any;
  const std::string& bound = name ? *name : any;
  soci::statement statement =
      (sql.prepare << "SELECT " << kStudyColumns << " FROM studies WHERE "
                   << (name ? "name = :name" : "name <> :name") << " ORDER BY id",
       soci::use(bound), soci::into(row.id), soci::into(row.name), soci::into(row.kind),
       soci::into(row.config), soci::into(row.space), soci::into(row.goals),
       soci::into(row.sampler), soci::into(row.seed), soci::into(row.fixed), soci::into(row.pruner),
       soci::into(row.trials, row.has_trials), soci::into(row.budget.number, row.budget.indicator),
       soci::into(row.created), soci::into(row.joule), soci::into(row.host),
       soci::into(row.machine));
  statement.execute();
  std::vector<Study> studies;
  while (statement.fetch()) {
    studies.push_back(row.study(location.shown() + ": study " + row.name));
  }
  return studies;
}

void insert_study(soci::session& sql, const std::string& now, const StudyDefinition& d,
                  const std::string& machine) {
  const std::string config = dumped(nlohmann::ordered_json::parse(d.config));
  const std::string space = to_json(d.space), goals = goals_json(d.goals), seed = str(d.seed);
  const std::string fixed = points_json(d.fixed), pruner = pruner_json(d.pruner), joule(version()),
                    host = this_process().host;
  long long trials = d.trials.value_or(0);
  soci::indicator has_trials = d.trials ? soci::i_ok : soci::i_null;
  Nullable budget(d.energy_budget ? std::optional(d.energy_budget->value()) : std::nullopt);
  sql << "INSERT INTO studies (" << kStudyColumns
      << ") VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM studies), :name, :kind, :config, :space, "
         ":goals, :sampler, :seed, :fixed, :pruner, :trials, :budget, "
      << now << ", :joule, :host, :machine)",
      soci::use(d.name), soci::use(d.kind), soci::use(config), soci::use(space), soci::use(goals),
      soci::use(d.sampler), soci::use(seed), soci::use(fixed), soci::use(pruner),
      soci::use(trials, has_trials), soci::use(budget.number, budget.indicator), soci::use(joule),
      soci::use(host), soci::use(machine);
}

void update_extent(soci::session& sql, long long id, const StudyDefinition& d) {
  long long trials = d.trials.value_or(0);
  soci::indicator has_trials = d.trials ? soci::i_ok : soci::i_null;
  Nullable budget(d.energy_budget ? std::optional(d.energy_budget->value()) : std::nullopt);
  const std::string config = dumped(nlohmann::ordered_json::parse(d.config));
  sql << "UPDATE studies SET trials = :trials, energy_budget = :budget, config = :config WHERE id "
         "= "
         ":id",
      soci::use(trials, has_trials), soci::use(budget.number, budget.indicator), soci::use(config),
      soci::use(id);
}

}  // namespace

bool Location::is_postgresql() const {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::string Location::shown() const {
  if (!is_postgresql()) return url;
  const std::size_t authority = url.find("://") + 3;
  const std::size_t at = url.find('@', authority), colon = url.find(':', authority);
  std::string out = url;
  if (at != std::string::npos && colon < at) out.replace(colon, at - colon, ":...");
  const std::size_t password = out.find("password=");
  if (password != std::string::npos) {
    const std::size_t begin = password + std::string_view("password=").size();
    out.replace(begin, std::min(out.find('&', begin), out.size()) - begin, "...");
  }
  return out;
}

Location location_at(const std::string& url) {
  const Location location{url};
  std::error_code ignored;
  if (location.is_postgresql() || !std::filesystem::is_directory(url, ignored)) return location;
  return {(std::filesystem::path(url) / "study.db").string()};
}

Storage::Storage(const Location& location, Missing missing, std::span<const Migration> schema)
    : impl_(std::make_unique<Impl>(location, missing, schema)) {}

Storage::~Storage() = default;

const Location& Storage::location() const { return impl_->database.location(); }

Study Storage::make_study(const StudyDefinition& definition, const std::string& machine) {
  check(definition);
  Database& database = impl_->database;
  return database.transact(Access::durable, [&](soci::session& sql) {
    database.keep_others_from_making();
    std::vector<Study> found = read_studies(sql, location(), &definition.name);
    if (found.empty()) {
      insert_study(sql, database.now(), definition, storable(machine));
      return read_studies(sql, location(), &definition.name).at(0);
    }
    Study& study = found.front();
    const std::string other = difference(study.definition, definition);
    require(other.empty(), location().shown(), ": the study ", definition.name,
            " is another one: ", other, "; give it another name or folder");
    update_extent(sql, study.id, definition);
    study.definition.config = definition.config;
    study.definition.trials = definition.trials;
    study.definition.energy_budget = definition.energy_budget;
    return std::move(study);
  });
}

Study Storage::study(const std::string& name) {
  std::vector<Study> found = impl_->database.transact(
      Access::read, [&](soci::session& sql) { return read_studies(sql, location(), &name); });
  if (!found.empty()) return std::move(found.front());
  std::string names;
  for (const Overview& o : overviews()) {
    names += (names.empty() ? "" : ", ") + o.study.definition.name;
  }
  throw ArgumentError(str(location().shown(), ": there is no study named '", name, "'; it holds ",
                          names.empty() ? "none" : names));
}

std::vector<Overview> Storage::overviews() {
  return impl_->database.transact(Access::read, [&](soci::session& sql) {
    std::vector<Overview> out;
    for (Study& study : read_studies(sql, location(), nullptr)) out.push_back({std::move(study)});
    for (Overview& o : out) {
      long long count = 0;
      const long long id = o.study.id;
      std::string state;
      soci::statement statement =
          (sql.prepare << "SELECT state, COUNT(*) FROM trials WHERE study = :study GROUP BY state",
           soci::use(id), soci::into(state), soci::into(count));
      statement.execute();
      while (statement.fetch()) {
        const State is = parse_state(state, location().shown());
        (is == State::waiting    ? o.waiting
         : is == State::running  ? o.running
         : is == State::complete ? o.complete
         : is == State::failed   ? o.failed
                                 : o.pruned) = count;
      }
    }
    return out;
  });
}

std::vector<Trial> Storage::trials(const Study& study, std::int64_t from) {
  return impl_->database.transact(Access::read, [&](soci::session& sql) {
    return read_trials(sql, location(), study, from, kAll);
  });
}

Trial Storage::trial(const Study& study, std::int64_t number) {
  std::vector<Trial> found = impl_->database.transact(Access::read, [&](soci::session& sql) {
    return read_trials(sql, location(), study, number, number + 1);
  });
  require(found.size() == 1, location().shown(), ": the study ", study.definition.name,
          " has no trial ", number);
  return std::move(found.front());
}

}  // namespace joule::study
