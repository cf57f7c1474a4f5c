// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/study/study.h"

// Exports of a study for other programs.
namespace joule::study {

/// One row per trial (RFC 4180, with CRLF): number, state, seed, started and ended (UTC), seconds,
/// worker, host, attempts, crashes, error; one column per dimension of the space; then the costs of
/// the proposals and the values, in the order in which they first appear.
///
/// A value has a column for each unit and quality that it has in any trial, "energy [J, measured]",
/// so that no column mixes two; also "... low" and "... high" if any trial has an interval, and
/// "... source" if any has a source.  If it is unavailable, the columns are empty, and "energy
/// unavailable" gives the reason.
std::string trials_csv(const Study& study, const std::vector<Trial>& trials);

/// The study as one JSON object: the definition, the origin, all trials with values and reports.
std::string study_json(const Study& study, const std::vector<Trial>& trials);

/// The definition and the origin: config.json.
std::string definition_json(const Study& study);

/// Seconds since 1970 as "2026-01-31T12:00:00Z".
std::string utc(double seconds);

}  // namespace joule::study
