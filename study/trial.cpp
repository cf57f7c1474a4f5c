// SPDX-License-Identifier: MIT
#include "joule/study/trial.h"

#include <algorithm>
#include <array>

#include "joule/core/error.h"
#include "joule/core/random.h"

namespace joule::study {
namespace {

constexpr std::array kStates{State::waiting, State::running, State::complete, State::failed,
                             State::pruned};

/// So that a draw of a trial's seed is none that its training draws.
constexpr std::uint64_t kSeedStream = 0x7472'6961'6c73;  // "trials"

}  // namespace

std::string_view name(State state) {
  switch (state) {
    case State::waiting:
      return "waiting";
    case State::running:
      return "running";
    case State::complete:
      return "complete";
    case State::failed:
      return "failed";
    case State::pruned:
      break;
  }
  return "pruned";
}

State parse_state(std::string_view text, const std::string& where) {
  for (const State state : kStates) {
    if (name(state) == text) return state;
  }
  throw DataError(str(where, ": '", text, "' is no state of a trial: expected waiting, running, ",
                      "complete, failed or pruned"));
}

bool is_finished(State state) { return state != State::waiting && state != State::running; }

std::uint64_t trial_seed(std::uint64_t study_seed, std::int64_t number) {
  const auto words = philox(study_seed, static_cast<std::uint64_t>(number), kSeedStream);
  return (std::uint64_t{words[1]} << 32 | words[0]) >> 1;
}

std::optional<double> joules(const Trial& trial, Quality quality) {
  const auto find = [quality](const std::vector<Value>& values) -> std::optional<double> {
    for (const Value& value : values) {
      if (value.name == kEnergy && value.quality == quality) return value.number;
    }
    return {};
  };
  if (is_finished(trial.state) && !trial.values.empty()) return find(trial.values);
  return trial.reports.empty() ? std::nullopt : find(trial.reports.back().values);
}

bool has_told(const Trial& trial) { return !trial.values.empty() || !trial.reports.empty(); }

Quality energy_quality(std::span<const Trial> trials) {
  for (const Quality quality : kEnergyQualities) {
    const auto has = [&](const Trial& t) { return !has_told(t) || joules(t, quality); };
    if (std::ranges::all_of(trials, has)) return quality;
  }
  return Quality::unavailable;
}

}  // namespace joule::study
