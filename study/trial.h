// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/search/space.h"
#include "joule/study/value.h"

namespace joule::study {

/// The state of a trial.
///
///   waiting --claim--> running --finish--> complete | pruned | failed
///      ^                  |
///      +---- given back --+   interrupted, or its worker died (too often: failed)
enum class State { waiting, running, complete, failed, pruned };
std::string_view name(State state);
/// The inverse.
///
/// Errors    DataError (`where`, the text, the valid names) if it is none of them.
State parse_state(std::string_view text, const std::string& where);
/// Whether it is complete, failed or pruned, and so final.
bool is_finished(State state);

/// What a trial reported after an epoch.
struct Report {
  std::int64_t epoch = 0;  // from 1
  std::vector<Value> values;

  friend bool operator==(const Report&, const Report&) = default;
};

/// A point that a study tries, and the results.
struct Trial {
  std::int64_t number = 0;  // from 0, in the order of the proposals
  search::Point point;
  State state = State::waiting;
  std::uint64_t seed = 0;  // of this trial only: trial_seed()
  /// Seconds since 1970 (UTC) by the storage's clock, for the last attempt.
  std::optional<double> started{}, ended{};
  std::string worker{}, host{};  // of the last attempt: "4711 on machine", "machine"
  /// The number of claims: the fencing token of the last attempt.  Only its holder may
  /// report and finish.
  std::int64_t token = 0;
  std::int64_t crashes = 0;       // attempts that ended with the death of their worker
  std::vector<Value> proposal{};  // kProposalTime, kProposalEnergy; empty for a fixed point
  std::vector<Value> values{};
  std::vector<Report> reports{};  // by epoch
  std::string error{};            // why it failed, or how its last worker died
};

/// The seed of a trial: a Philox number from the study's seed and the trial's number, below 2^63.
std::uint64_t trial_seed(std::uint64_t study_seed, std::int64_t number);

/// What the trial has spent, in that quality: its value kEnergy, or as long as it has no values,
/// that of its last report.
std::optional<double> joules(const Trial& trial, Quality quality);

/// Whether it has reported anything yet.
bool has_told(const Trial& trial);

/// The qualities that an energy of a trial may have, the one to prefer first.
inline constexpr std::array kEnergyQualities{Quality::measured, Quality::sampled,
                                             Quality::modelled};

/// The best quality of energy that all trials that have reported anything share: measured before
/// sampled before modelled; unavailable if they share none.
Quality energy_quality(std::span<const Trial> trials);

}  // namespace joule::study
