// SPDX-License-Identifier: MIT
#include "joule/study/hpo/hpo_results.h"

#include <algorithm>
#include <functional>

#include "joule/core/error.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"
#include "joule/study/budget.h"
#include "joule/study/hpo/hpo_study.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

using search::Direction;

const Value* available(const std::vector<Value>& values, const std::string& name) {
  const auto found = std::ranges::find_if(
      values, [&](const Value& value) { return value.name == name && value.number; });
  return found == values.end() ? nullptr : &*found;
}

std::string accuracy_name(const HpoConfig& config) {
  return trained::named(trained::kAccuracy, chosen_on(config.training));
}

/// Accuracy and joules of a training, of one quality.
struct Judged {
  std::optional<double> accuracy{}, joules{};
};

/// Reads the goals' values of complete rounds; those of one quality go together.
class Judge {
 public:
  explicit Judge(const HpoConfig& config) : accuracy_(accuracy_name(config)) {}

  Judged operator()(const Trial& trial) {
    Judged judged;
    if (trial.state != State::complete) return judged;
    if (const Value* const value = available(trial.values, accuracy_)) {
      judged.accuracy = value->number;
    }
    const Value* const energy = available(trial.values, hpo::kTrainingEnergy);
    if (!energy) return judged;
    if (quality_ == Quality::unavailable) quality_ = energy->quality;
    if (quality_ != energy->quality) {
      throw DataError(str("the training energy of one round is ", name(quality_),
                          ", that of another ", name(energy->quality),
                          ": they cannot be compared"));
    }
    judged.joules = energy->number;
    return judged;
  }
  Quality quality() const { return quality_; }

 private:
  std::string accuracy_;
  Quality quality_ = Quality::unavailable;
};

/// The share in % of the rectangle up to `most` joules that the points dominate.
double dominated(const std::vector<std::vector<double>>& points, double most) {
  if (points.empty() || most <= 0) return 0;
  // A little further, so that the most expensive round counts, too.
  const std::vector<double> reference{0, 1.01 * most};
  const search::Objectives objectives({Direction::maximise, Direction::minimise}, points);
  return 100 * search::hypervolume(objectives, reference) / (100 * reference[1]);
}

/// The score of the best so far, round by round.
class Score {
 public:
  Score(const HpoConfig& config, double most_joules) : config_(config), most_(most_joules) {}

  /// Whether the round made it better.
  bool take(const Judged& round) {
    const std::optional<double> before = score_;
    if (config_.objective == kHpoFront) {
      if (!round.accuracy || !round.joules) return false;
      points_.push_back({*round.accuracy, *round.joules});
      score_ = dominated(points_, most_);
    } else if (config_.objective == kHpoJoules) {
      if (round.joules) score_ = std::min(score_.value_or(*round.joules), *round.joules);
    } else if (round.accuracy && (!config_.budget_joules ||
                                  (round.joules && *round.joules <= *config_.budget_joules))) {
      score_ = std::max(score_.value_or(*round.accuracy), *round.accuracy);
    }
    return score_ != before;
  }
  std::optional<double> score() const { return score_; }

 private:
  const HpoConfig& config_;
  double most_;
  std::vector<std::vector<double>> points_;
  std::optional<double> score_;
};

bool is_close(Direction direction, double score, double best) {
  return direction == Direction::maximise ? score >= best - kClose
                                          : score <= best * (1 + kClose / 100);
}

std::optional<HpoReached> first_close(const HpoSearch& search, Direction direction, double best) {
  for (const HpoStep& step : search.steps) {
    if (step.score && is_close(direction, *step.score, best)) {
      return HpoReached{step.round, step.seconds, step.joules};
    }
  }
  return {};
}

void add_spent(HpoStep& step, const Trial& trial, Quality quality) {
  if (trial.started && trial.ended) step.seconds += *trial.ended - *trial.started;
  if (const Value* const time = available(trial.proposal, std::string(kProposalTime))) {
    step.proposal_seconds += *time->number;
    step.seconds += *time->number;
  }
  if (quality != Quality::unavailable) {
    step.joules = step.joules.value_or(0) + joules(trial, quality).value_or(0);
  }
  if (const Value* const energy = available(trial.proposal, std::string(kProposalEnergy))) {
    step.proposal_joules = step.proposal_joules.value_or(0) + *energy->number;
    if (quality == energy->quality) *step.joules += *energy->number;
  }
}

void add_saved(HpoSearch& search, const HpoConfig& config, const Trial& trial, Quality quality) {
  const std::int64_t all = config.training.epochs * config.repeats;
  const std::int64_t trained = trial.reports.empty() ? 0 : trial.reports.back().epoch;
  search.epochs_saved += all - trained;
  const auto spent = joules(trial, quality);
  if (!spent || trained == 0) return;
  search.joules_saved = search.joules_saved.value_or(0) +
                        static_cast<double>(all - trained) * *spent / static_cast<double>(trained);
}

HpoSearch search_of(const HpoRun& run, Quality quality, Judge& judge, double most_joules) {
  HpoSearch search{
      .strategy = run.strategy, .repetition = run.config.repetition, .ended = run.ended};
  Score score(run.config, most_joules);
  HpoStep step;
  for (std::size_t i = 0; i < run.trials.size(); ++i) {
    const Trial& trial = run.trials[i];
    if (!is_finished(trial.state)) continue;
    step.round = trial.number + 1;
    add_spent(step, trial, quality);
    search.complete += trial.state == State::complete;
    if (trial.state == State::failed) {
      ++search.failed;
      search.errors.push_back(str("round ", step.round, ": ", trial.error));
    } else if (trial.state == State::pruned) {
      ++search.pruned;
      add_saved(search, run.config, trial, quality);
    }
    const bool better = score.take(judge(trial));
    step.score = score.score();
    if (better) {
      search.best = i;
      const Value* const test =
          available(trial.values, trained::named(trained::kAccuracy, ChosenOn::test));
      search.best_test_accuracy = test ? test->number : std::nullopt;
      search.best_at = HpoReached{step.round, step.seconds, step.joules};
    }
    search.steps.push_back(step);
  }
  return search;
}

/// A person reads it; results.json has all digits.
std::string point_text(const search::Point& point) {
  std::string text;
  for (const auto& [name, value] : point.entries()) {
    text += (text.empty() ? "" : ", ") + name + " " + search::brief(value);
  }
  return text;
}

void add_rounds(HpoResults& results, const HpoRun& run, std::size_t search, Judge& judge) {
  for (std::size_t i = 0; i < run.trials.size(); ++i) {
    const Judged judged = judge(run.trials[i]);
    if (!judged.accuracy || !judged.joules) continue;
    results.rounds.push_back({search, i, run.strategy, *judged.accuracy, *judged.joules,
                              point_text(run.trials[i].point)});
  }
}

void find_front(HpoResults& results) {
  if (results.rounds.empty()) return;
  std::vector<std::vector<double>> points;
  for (const HpoRound& round : results.rounds) points.push_back({round.accuracy, round.joules});
  results.front =
      search::front(search::Objectives({Direction::maximise, Direction::minimise}, points));
}

std::string score_name(const HpoConfig& config) {
  if (config.objective == kHpoJoules) return "joules of a training, J";
  if (config.objective == kHpoFront) return "dominated share of accuracy over joules, %";
  return accuracy_name(config) + ", %" +
         (config.budget_joules ? str(" within ", *config.budget_joules, " J") : "");
}

void group(HpoResults& results) {
  for (std::size_t i = 0; i < results.searches.size(); ++i) {
    const std::string& name = results.searches[i].strategy;
    auto found = std::ranges::find(results.strategies, name, &HpoStrategy::name);
    if (found == results.strategies.end()) {
      found = results.strategies.insert(found, {.name = name, .searches = {}});
    }
    found->searches.push_back(i);
  }
}

}  // namespace

bool joules_choose_nothing(const HpoResults& results) {
  const std::string_view objective = results.config.objective;
  if (objective != kHpoJoules && objective != kHpoFront) return false;
  if (results.rounds.size() < 2) return false;
  const auto [least, most] = std::ranges::minmax_element(results.rounds, {}, &HpoRound::joules);
  return most->joules - least->joules <= 1e-9 * most->joules;
}

HpoResults hpo_results(const std::vector<HpoRun>& runs) {
  require(!runs.empty(), "there is no search to show");
  HpoResults results{.config = runs.front().config};
  const search::Space& space = runs.front().study.definition.space;
  for (const search::Dimension& d : space.dimensions()) {
    results.space += (results.space.empty() ? "" : ", ") + d.name;
  }
  results.dimensions = space.size();
  results.score = score_name(results.config);
  if (results.config.objective == kHpoJoules) results.direction = Direction::minimise;

  std::vector<Trial> finished;
  for (const HpoRun& run : runs) {
    std::ranges::copy_if(run.trials, std::back_inserter(finished),
                         [](const Trial& trial) { return is_finished(trial.state); });
  }
  const Spent sum = spent(finished);
  results.quality = sum.energy ? sum.quality : Quality::unavailable;
  results.no_joules = sum.reason;

  Judge judge(results.config);
  for (std::size_t i = 0; i < runs.size(); ++i) add_rounds(results, runs[i], i, judge);
  results.training_quality = judge.quality();
  double most = 0;
  for (const HpoRound& round : results.rounds) most = std::max(most, round.joules);
  for (const HpoRun& run : runs) {
    results.searches.push_back(search_of(run, results.quality, judge, most));
    const HpoSearch& search = results.searches.back();
    if (search.steps.empty() || !search.steps.back().score) continue;
    const double own = *search.steps.back().score;
    const bool better = results.direction == Direction::maximise ? own > results.best.value_or(own)
                                                                 : own < results.best.value_or(own);
    if (!results.best || better) results.best = own;
  }
  for (HpoSearch& search : results.searches) {
    if (search.steps.empty() || !search.steps.back().score) continue;
    search.close_to_own = first_close(search, results.direction, *search.steps.back().score);
    search.close_to_all = first_close(search, results.direction, *results.best);
  }
  find_front(results);
  group(results);
  return results;
}

}  // namespace joule::study
