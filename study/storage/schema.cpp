// SPDX-License-Identifier: MIT
#include "joule/study/storage/schema.h"

namespace joule::study {
namespace {

/// The columns of a value, in trial_values and trial_reports.
const std::string kValueColumns =
    "position BIGINT NOT NULL, name TEXT NOT NULL, number DOUBLE PRECISION, unit TEXT NOT NULL, "
    "quality TEXT NOT NULL, low DOUBLE PRECISION, high DOUBLE PRECISION, source TEXT NOT NULL, "
    "reason TEXT NOT NULL, CHECK ((number IS NULL) = (quality = 'unavailable')), ";

// Times are seconds since 1970, by the database's clock.  Seeds are texts: a BIGINT has a sign.
const Migration kFirst{
    "CREATE TABLE joule_schema (version BIGINT NOT NULL)",
    "CREATE TABLE studies (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, "
    "config TEXT NOT NULL, space TEXT NOT NULL, goals TEXT NOT NULL, sampler TEXT NOT NULL, "
    "seed TEXT NOT NULL, fixed TEXT NOT NULL, trials BIGINT, energy_budget DOUBLE PRECISION, "
    "created DOUBLE PRECISION NOT NULL, joule TEXT NOT NULL, host TEXT NOT NULL, "
    "machine TEXT NOT NULL)",
    "CREATE TABLE trials (study BIGINT NOT NULL REFERENCES studies (id), number BIGINT NOT NULL, "
    "point TEXT NOT NULL, state TEXT NOT NULL, seed TEXT NOT NULL, started DOUBLE PRECISION, "
    "ended DOUBLE PRECISION, host TEXT NOT NULL, pid BIGINT NOT NULL, process TEXT NOT NULL, "
    "token BIGINT NOT NULL, lease_until DOUBLE PRECISION, crashes BIGINT NOT NULL, "
    "error TEXT NOT NULL, PRIMARY KEY (study, number), "
    "CHECK (state IN ('waiting', 'running', 'complete', 'failed', 'pruned')))",
    "CREATE INDEX trials_by_state ON trials (study, state, number)",
    "CREATE TABLE trial_values (study BIGINT NOT NULL, trial BIGINT NOT NULL, " + kValueColumns +
        "PRIMARY KEY (study, trial, position), UNIQUE (study, trial, name, quality), "
        "FOREIGN KEY (study, trial) REFERENCES trials (study, number))",
    "CREATE TABLE trial_reports (study BIGINT NOT NULL, trial BIGINT NOT NULL, "
    "epoch BIGINT NOT NULL, " +
        kValueColumns +
        "PRIMARY KEY (study, trial, epoch, position), "
        "FOREIGN KEY (study, trial) REFERENCES trials (study, number))",
};

// Of a study that was made before there were pruners: none.
const Migration kPruners{"ALTER TABLE studies ADD COLUMN pruner TEXT NOT NULL DEFAULT ''"};

}  // namespace

std::span<const Migration> migrations() {
  static const std::vector<Migration> all{kFirst, kPruners};
  return all;
}

}  // namespace joule::study
