// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/error.h"
#include "joule/study/storage/rows.h"
#include "joule/study/storage/storage.h"
#include "joule/study/storage/storage_impl.h"

// Trials on their way: who may run one, and who may end it.
namespace joule::study {
namespace {

/// What is said of a claim that is no longer its holder's.
std::string lost_text(soci::session& sql, const Claim& claim) {
  const long long study = claim.study, number = claim.trial.number;
  std::string state, host;
  long long token = 0, pid = 0;
  sql << "SELECT state, token, host, pid FROM trials WHERE study = :study AND number = :number",
      soci::use(study), soci::use(number), soci::into(state), soci::into(token), soci::into(host),
      soci::into(pid);
  const std::string then =
      token == claim.trial.token
          ? str("it is ", state, " since")
          : str("it was given to ", pid, " on ", host, " (attempt ", token, "), and is ", state);
  return str("trial ", number, " is no longer that of attempt ", claim.trial.token, ": its worker ",
             "was taken for dead, ", then, "; the late result is refused");
}

/// Changes the running trial of a claim by "SET ..."; throws ClaimLost if it is not the holder's.
void update_claimed(soci::session& sql, const Claim& claim, const std::string& changes) {
  const long long study = claim.study, number = claim.trial.number, token = claim.trial.token;
  long long changed = -1;
  soci::indicator found = soci::i_null;
  sql << "UPDATE trials SET " << changes
      << " WHERE study = :study AND number = :number AND token = :token AND process = :process AND "
         "state = 'running' RETURNING number",
      soci::use(study), soci::use(number), soci::use(token), soci::use(claim.process),
      soci::into(changed, found);
  if (!sql.got_data()) throw ClaimLost(lost_text(sql, claim));
}

/// Whether the holder of the claim has ended the trial already.
bool was_ended_by(soci::session& sql, const Claim& claim, State state) {
  const long long study = claim.study, number = claim.trial.number, token = claim.trial.token;
  const std::string ended(name(state));
  long long count = 0;
  sql << "SELECT COUNT(*) FROM trials WHERE study = :study AND number = :number AND token = :token "
         "AND process = :process AND state = :state",
      soci::use(study), soci::use(number), soci::use(token), soci::use(claim.process),
      soci::use(ended), soci::into(count);
  return count > 0;
}

/// Errors    ArgumentError, see Storage::finish().
void check_values(const Study& study, std::int64_t number, const std::vector<Value>& values,
                  bool complete) {
  const std::string where = str("trial ", number);
  for (auto value = values.begin(); value != values.end(); ++value) {
    check(*value);
    require(std::none_of(values.begin(), value,
                         [&](const Value& other) {
                           return other.name == value->name && other.quality == value->quality;
                         }),
            where, " has two ", name(value->quality), " values ", value->name);
  }
  if (!complete) return;
  for (const Goal& goal : study.definition.goals) {
    const auto count = std::ranges::count_if(values, [&](const Value& value) {
      return value.name == goal.value && value.number.has_value();
    });
    require(count == 1, where, " has ", count, " available values ", goal.value,
            ", which is a goal of the study; expected one");
  }
}

/// A running trial, and by whom.
struct Running {
  long long number = 0, token = 0, crashes = 0, expired = 0;
  WorkerProcess worker;
};

std::vector<Running> read_running(soci::session& sql, const std::string& now, long long study) {
  Running row;
  long long pid = 0;
  soci::statement statement =
      (sql.prepare << "SELECT number, token, crashes, CASE WHEN lease_until < " << now
                   << " THEN 1 ELSE 0 END, host, pid, process FROM trials WHERE study = :study AND "
                      "state = 'running' ORDER BY number",
       soci::use(study), soci::into(row.number), soci::into(row.token), soci::into(row.crashes),
       soci::into(row.expired), soci::into(row.worker.host), soci::into(pid),
       soci::into(row.worker.identity));
  statement.execute();
  std::vector<Running> running;
  while (statement.fetch()) {
    row.worker.pid = static_cast<int>(pid);
    running.push_back(row);
  }
  return running;
}

/// How a worker died; empty: as far as is known it did not.
std::string death_of(const Running& trial, const std::vector<Storage::Death>& deaths) {
  const auto known = std::ranges::find(deaths, trial.worker, &Storage::Death::worker);
  if (known != deaths.end()) return known->how;
  if (is_dead(trial.worker)) return "its process is gone";
  return trial.expired ? "it gave no sign of life" : "";
}

}  // namespace

bool Storage::propose(const Study& study, std::int64_t number, const search::Point& point,
                      const std::vector<Value>& proposal) {
  study.definition.space.check(point);
  const std::string json = to_json(point), seed = str(trial_seed(study.definition.seed, number));
  const long long id = study.id, trial = number, before = number - 1;
  return impl_->database.transact(Access::write, [&](soci::session& sql) {
    if (number > 0) {
      long long there = 0;
      sql << "SELECT COUNT(*) FROM trials WHERE study = :study AND number = :number", soci::use(id),
          soci::use(before), soci::into(there);
      if (there == 0) return false;
    }
    long long added = -1;
    sql << "INSERT INTO trials (study, number, point, state, seed, host, pid, process, token, "
           "crashes, error) VALUES (:study, :number, :point, 'waiting', :seed, '', 0, '', 0, 0, "
           "'') "
           "ON CONFLICT DO NOTHING RETURNING number",
        soci::use(id), soci::use(trial), soci::use(json), soci::use(seed), soci::into(added);
    if (!sql.got_data()) return false;
    write_values(sql, id, trial, kProposalEpoch, proposal);
    return true;
  });
}

void Storage::add_finished(const Study& study, const std::vector<Trial>& trials) {
  for (const Trial& trial : trials) {
    study.definition.space.check(trial.point);
    require(is_finished(trial.state), "trial ", trial.number, " is ", name(trial.state),
            ": expected one that is finished");
    check_values(study, trial.number, trial.values, trial.state == State::complete);
  }
  Database& database = impl_->database;
  const WorkerProcess self = this_process();
  const long long id = study.id, pid = self.pid;
  database.transact(Access::durable, [&](soci::session& sql) {
    long long next = 0;
    double now = 0;
    sql << "SELECT COALESCE(MAX(number) + 1, 0), " << database.now()
        << " FROM trials WHERE study = :study",
        soci::use(id), soci::into(next), soci::into(now);
    BulkInsert rows(sql, "trials",
                    {"study", "number", "point", "state", "seed", "started", "ended", "host", "pid",
                     "process", "token", "crashes", "error"});
    for (const Trial& trial : trials) {
      const long long number = trial.number;
      if (number != next) {
        throw ArgumentError(str(location().shown(), ": the study ", study.definition.name, " has ",
                                next, " trials: expected a trial of that number, got ", number));
      }
      ++next;
      rows.add({id, number, to_json(trial.point), std::string(name(trial.state)),
                str(trial_seed(study.definition.seed, number)),
                Nullable(trial.started.value_or(now)), Nullable(trial.ended.value_or(now)),
                self.host, pid, self.identity, 1LL, 0LL, storable(trial.error)});
    }
    rows.finish();
    ValueRows values(sql);
    for (const Trial& trial : trials) {
      values.add(id, trial.number, kProposalEpoch, trial.proposal);
      values.add(id, trial.number, std::nullopt, trial.values);
    }
    values.finish();
  });
}

std::optional<Claim> Storage::claim(const Study& study, const WorkerProcess& worker, double lease) {
  Database& database = impl_->database;
  const long long id = study.id, same = study.id, pid = worker.pid;
  return database.transact(Access::write, [&](soci::session& sql) -> std::optional<Claim> {
    long long number = -1;
    sql << "UPDATE trials SET state = 'running', token = token + 1, host = :host, pid = :pid, "
           "process = :process, started = "
        << database.now() << ", ended = NULL, error = '', lease_until = " << database.now()
        << " + :lease WHERE study = :study AND number = (SELECT number FROM trials WHERE study = "
           ":same AND state = 'waiting' ORDER BY number LIMIT 1"
        << database.skip_locked() << ") RETURNING number",
        soci::use(worker.host), soci::use(pid), soci::use(worker.identity), soci::use(lease),
        soci::use(id), soci::use(same), soci::into(number);
    if (!sql.got_data()) return {};
    return Claim{id, read_trials(sql, location(), study, number, number + 1).at(0),
                 worker.identity};
  });
}

bool Storage::beat(const Claim& claim, double lease) {
  Database& database = impl_->database;
  return database.transact(Access::write, [&](soci::session& sql) {
    try {
      update_claimed(sql, claim, str("lease_until = ", database.now(), " + ", lease));
      return true;
    } catch (const ClaimLost&) {
      return false;
    }
  });
}

void Storage::report(const Claim& claim, const Report& report) {
  require(report.epoch >= 1, "a report is of an epoch from 1 on, got ", report.epoch);
  for (const Value& value : report.values) check(value);
  const long long study = claim.study, number = claim.trial.number, epoch = report.epoch;
  impl_->database.transact(Access::write, [&](soci::session& sql) {
    update_claimed(sql, claim, "error = ''");
    sql << "DELETE FROM trial_reports WHERE study = :study AND trial = :trial AND epoch >= :epoch",
        soci::use(study), soci::use(number), soci::use(epoch);
    write_values(sql, study, number, epoch, report.values);
  });
}

void Storage::finish(const Study& study, const Claim& claim, State state, std::vector<Value> values,
                     const std::string& error) {
  require(is_finished(state), "a trial does not end as ", name(state));
  check_values(study, claim.trial.number, values, state == State::complete);
  Database& database = impl_->database;
  const std::string text = storable(error);
  const long long id = claim.study, number = claim.trial.number;
  database.transact(Access::durable, [&](soci::session& sql) {
    try {
      update_claimed(
          sql, claim,
          str("state = '", name(state), "', ended = ", database.now(), ", lease_until = NULL"));
    } catch (const ClaimLost&) {
      if (was_ended_by(sql, claim, state)) return;
      throw;
    }
    if (!text.empty()) {  // a claim has none
      sql << "UPDATE trials SET error = :error WHERE study = :study AND number = :number",
          soci::use(text), soci::use(id), soci::use(number);
    }
    write_values(sql, id, number, std::nullopt, values);
  });
}

void Storage::give_back(const Claim& claim) {
  impl_->database.transact(Access::write, [&](soci::session& sql) {
    update_claimed(sql, claim, "state = 'waiting', lease_until = NULL");
  });
}

std::vector<Storage::Reclaimed> Storage::reclaim(const Study& study, std::int64_t most_crashes,
                                                 const std::vector<Death>& deaths) {
  Database& database = impl_->database;
  const long long id = study.id;
  const auto dead_ones = [&](soci::session& sql) {
    std::vector<Running> running = read_running(sql, database.now(), id);
    std::erase_if(running, [&](const Running& trial) { return death_of(trial, deaths).empty(); });
    return running;
  };
  if (database.transact(Access::read, dead_ones).empty()) return {};
  return database.transact(Access::durable, [&](soci::session& sql) {
    std::vector<Reclaimed> reclaimed;
    for (const Running& trial : dead_ones(sql)) {
      const bool failed = trial.crashes + 1 >= most_crashes;
      const std::string error =
          storable(str("its worker ", trial.worker.shown(), " died: ", death_of(trial, deaths),
                       failed ? str(" (", trial.crashes + 1, " workers died of this trial)") : ""));
      long long number = -1;
      sql << "UPDATE trials SET state = '" << (failed ? "failed" : "waiting")
          << "', crashes = crashes + 1, lease_until = NULL, ended = "
          << (failed ? database.now() : "NULL")
          << ", error = :error WHERE study = :study AND number = :number AND token = :token AND "
             "state = 'running' RETURNING number",
          soci::use(error), soci::use(id), soci::use(trial.number), soci::use(trial.token),
          soci::into(number);
      if (!sql.got_data()) continue;  // another process was first
      reclaimed.push_back({trial.number, trial.crashes + 1, failed, trial.worker});
    }
    return reclaimed;
  });
}

std::int64_t Storage::retry_failed(const Study& study) {
  const long long id = study.id;
  return impl_->database.transact(Access::durable, [&](soci::session& sql) {
    sql << "DELETE FROM trial_values WHERE study = :study AND trial IN (SELECT number FROM trials "
           "WHERE study = :same AND state = 'failed')",
        soci::use(id, "study"), soci::use(id, "same");
    soci::statement update =
        (sql.prepare << "UPDATE trials SET state = 'waiting', crashes = 0, "
                        "ended = NULL WHERE study = :study AND state = 'failed'",
         soci::use(id));
    update.execute(true);
    return static_cast<std::int64_t>(update.get_affected_rows());
  });
}

}  // namespace joule::study
