// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/search/statistics/mean.h"
#include "joule/study/hpo/hpo_config.h"
#include "joule/study/study.h"

// The results of searches: the best after each round, and what had been spent by then.
namespace joule::study {

/// A search: one strategy, one repetition.
struct HpoRun {
  std::string strategy;
  HpoConfig config;
  Study study;
  std::vector<Trial> trials;
  std::string ended{};  // why it ended before its last round; empty: it did not
};

/// The position of a search after a round; sums are over all rounds so far.
struct HpoStep {
  std::int64_t round = 0;                   // from 1
  std::optional<double> score{};            // of the best so far; empty: none yet
  double seconds = 0;                       // of the rounds and their proposals
  double proposal_seconds = 0;              // the proposals' part of it
  std::optional<double> joules{};           // as seconds, if all have one quality: see HpoResults
  std::optional<double> proposal_joules{};  // measured, if those of all proposals are
};

/// When something was reached.
struct HpoReached {
  std::int64_t round = 0;
  double seconds = 0;
  std::optional<double> joules{};
};

struct HpoSearch {
  std::string strategy;
  std::int64_t repetition = 1;
  std::string ended{};
  std::vector<HpoStep> steps;  // per finished round
  std::int64_t complete = 0, failed = 0, pruned = 0;
  std::vector<std::string> errors{};           // of the failed rounds, by number
  std::optional<std::size_t> best{};           // the trial with the last step's score
  std::optional<HpoReached> best_at{};         // when it was found
  std::optional<double> best_test_accuracy{};  // %; by which nothing was chosen if images were held
                                               // back
  std::optional<HpoReached> close_to_own{};    // within a point of its own best
  std::optional<HpoReached> close_to_all{};    // within a point of the best of all searches
  std::int64_t epochs_saved = 0;               // by pruning
  std::optional<double> joules_saved{};        // modelled: those epochs, at the trained ones' cost
};

/// A strategy over its repetitions.
struct HpoStrategy {
  std::string name;
  std::vector<std::size_t> searches;
};

/// A complete round, for the charts.
struct HpoRound {
  std::size_t search = 0, trial = 0;
  std::string strategy;
  double accuracy = 0;  // %
  double joules = 0;    // of one training
  std::string point{};  // "lr 0.01, beta1 0.9"
};

struct HpoResults {
  HpoConfig config;
  std::string space;  // its dimensions, for people
  std::size_t dimensions = 0;
  std::string score;  // its meaning and unit: "validation accuracy, %"
  search::Direction direction = search::Direction::maximise;
  /// The quality of all joules: measured if all rounds have measured ones, else modelled if all
  /// have those, else unavailable.
  Quality quality = Quality::unavailable;
  std::string no_joules{};                          // why there are none
  Quality training_quality = Quality::unavailable;  // of HpoRound::joules
  std::vector<HpoSearch> searches;                  // by strategy, in the order of the command
  std::vector<HpoStrategy> strategies;
  std::vector<HpoRound> rounds;
  std::vector<std::size_t> front;  // of the rounds, accuracy over joules of a training
  std::optional<double> best;      // score of all searches
};

/// The limit of "close": 1 point (of accuracy, or of the dominated fraction), 1 % of joules.
inline constexpr double kClose = 1;

/// The score of a search depends on the objective: the highest accuracy; the lowest training
/// energy; the highest accuracy of the rounds within the budget; or the percentage that the rounds
/// dominate of the rectangle from accuracy 0 and 1.01 times the highest training energy of any
/// round of any search.
///
/// Failed and pruned rounds have no score, but what they spent counts.  A round that failed before
/// it reported any joules adds none; its seconds count.
///
/// Errors    ArgumentError if there is no run; DataError if the runs give a goal in different
///           qualities.
HpoResults hpo_results(const std::vector<HpoRun>& runs);

/// Whether the objective is joules or a front over them, and all rounds, at least two, took the
/// same (to 1e-9 of them): modelled joules count work, which most hyper-parameters do not change.
bool joules_choose_nothing(const HpoResults& results);

/// A figure over the searches of a strategy that have it; `n` is their number.  Empty if none has.
template <class Get>
std::optional<search::Mean> over_repetitions(const HpoResults& results, const HpoStrategy& strategy,
                                             Get&& get) {
  std::vector<double> numbers;
  for (const std::size_t search : strategy.searches) {
    if (const std::optional<double> number = get(results.searches[search])) {
      numbers.push_back(*number);
    }
  }
  if (numbers.empty()) return {};
  return search::mean_interval(numbers);
}

}  // namespace joule::study
