// SPDX-License-Identifier: MIT
#include "joule/report/hpo/hpo_tables.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/study/hpo/hpo_paper.h"

namespace joule::report {
namespace {

using study::HpoReached;
using study::HpoResults;
using study::HpoSearch;
using study::HpoStep;
using study::HpoStrategy;
using study::Quality;

constexpr const char* kNone = "—";
using MaybeNumber = std::optional<double>;

/// So that the mean has three digits that count.
constexpr int kThree = -1;

/// "91.2 ± 0.3 (n 5)": a mean over repetitions stands with their number.
std::string mean_text(const std::optional<search::Mean>& mean, int digits) {
  if (!mean) return kNone;
  if (digits == kThree) {
    const double size = std::abs(mean->mean);
    digits = size > 0 ? std::clamp(2 - static_cast<int>(std::floor(std::log10(size))), 0, 9) : 0;
  }
  if (!mean->interval) return fmt::format("{:.{}f} (n {})", mean->mean, digits, mean->n);
  return fmt::format("{:.{}f} ± {:.{}f} (n {})", mean->mean, digits,
                     (mean->interval->high - mean->interval->low) / 2, digits, mean->n);
}

/// Of the last step of each search.
template <class Get>
std::string at_the_end(const HpoResults& results, const HpoStrategy& strategy, int digits,
                       Get&& get) {
  return mean_text(over_repetitions(results, strategy,
                                    [&](const HpoSearch& search) -> MaybeNumber {
                                      if (search.steps.empty()) return {};
                                      return get(search.steps.back());
                                    }),
                   digits);
}

/// When something was reached, of the searches that reached it.
template <class Get>
std::string when(const HpoResults& results, const HpoStrategy& strategy,
                 std::optional<HpoReached> HpoSearch::*reached, int digits, Get&& get) {
  return mean_text(over_repetitions(results, strategy,
                                    [&](const HpoSearch& search) -> MaybeNumber {
                                      if (!(search.*reached)) return {};
                                      return get(*(search.*reached));
                                    }),
                   digits);
}

MaybeNumber rounds_of(const HpoReached& reached) { return static_cast<double>(reached.round); }
MaybeNumber joules_of(const HpoReached& reached) { return reached.joules; }
MaybeNumber seconds_of(const HpoReached& reached) { return reached.seconds; }

std::string sum_text(const HpoResults& results, const HpoStrategy& strategy,
                     std::int64_t HpoSearch::*count) {
  std::int64_t sum = 0;
  for (const std::size_t search : strategy.searches) sum += results.searches[search].*count;
  return fmt::format("{}", sum);
}

int score_digits(const HpoResults& results) {
  return results.config.objective == study::kHpoJoules ? 3 : 2;
}

/// "1 point", "1 %": what close is.
std::string close_text(const HpoResults& results) {
  return results.config.objective == study::kHpoJoules ? "1 %" : "1 point";
}

/// Rounds, joules and seconds until something was reached.
void add_reached(std::vector<std::string>& row, const HpoResults& results, const HpoStrategy& s,
                 std::optional<HpoReached> HpoSearch::*reached) {
  row.push_back(when(results, s, reached, 1, rounds_of));
  if (results.quality != Quality::unavailable) {
    row.push_back(when(results, s, reached, kThree, joules_of));
  }
  row.push_back(when(results, s, reached, kThree, seconds_of));
}

}  // namespace

std::string joules_unit(Quality quality) { return str("J, ", name(quality)); }

Table strategies_table(const HpoResults& results) {
  Table table{.caption = str("What each strategy came to, and what it took to come within ",
                             close_text(results), " of that"),
              .head = {"strategy", "best " + results.score, "in round",
                       "rounds to " + close_text(results)}};
  if (results.quality != Quality::unavailable) table.head.push_back(joules_unit(results.quality));
  table.head.emplace_back("s");
  for (const HpoStrategy& s : results.strategies) {
    table.rows.push_back(
        {s.name,
         at_the_end(results, s, score_digits(results), [](const HpoStep& e) { return e.score; }),
         when(results, s, &HpoSearch::best_at, 1, rounds_of)});
    add_reached(table.rows.back(), results, s, &HpoSearch::close_to_own);
  }
  return table;
}

Table best_of_all_table(const HpoResults& results) {
  Table table{
      .caption =
          str("What it took to come within ", close_text(results), " of the best of all searches",
              results.best ? fmt::format(", {:.{}f}", *results.best, score_digits(results)) : "",
              ": of the searches that did"),
      .head = {"strategy", "searches that did", "rounds"}};
  if (results.quality != Quality::unavailable) table.head.push_back(joules_unit(results.quality));
  table.head.emplace_back("s");
  for (const HpoStrategy& s : results.strategies) {
    const auto did = std::ranges::count_if(s.searches, [&](std::size_t search) {
      return results.searches[search].close_to_all.has_value();
    });
    table.rows.push_back({s.name, fmt::format("{} of {}", did, s.searches.size())});
    add_reached(table.rows.back(), results, s, &HpoSearch::close_to_all);
  }
  return table;
}

Table spent_table(const HpoResults& results) {
  const bool joules = results.quality != Quality::unavailable;
  Table table{.caption = "What the searches spent",
              .head = {"strategy", "rounds complete", "failed", "pruned", "whole search, s",
                       "proposals, s"}};
  if (joules) table.head.push_back("whole search, " + joules_unit(results.quality));
  table.head.push_back("proposals, J, measured");
  const bool pruned = results.config.pruner != "none";
  if (pruned) {
    table.head.push_back("epochs saved by pruning");
    table.head.push_back("joules saved, estimated");
  }
  for (const HpoStrategy& s : results.strategies) {
    std::vector<std::string> row{
        s.name,
        sum_text(results, s, &HpoSearch::complete),
        sum_text(results, s, &HpoSearch::failed),
        sum_text(results, s, &HpoSearch::pruned),
        at_the_end(results, s, kThree, [](const HpoStep& e) { return MaybeNumber(e.seconds); }),
        at_the_end(results, s, kThree,
                   [](const HpoStep& e) { return MaybeNumber(e.proposal_seconds); })};
    if (joules)
      row.push_back(at_the_end(results, s, kThree, [](const HpoStep& e) { return e.joules; }));
    row.push_back(
        at_the_end(results, s, kThree, [](const HpoStep& e) { return e.proposal_joules; }));
    if (pruned) {
      row.push_back(sum_text(results, s, &HpoSearch::epochs_saved));
      row.push_back(mean_text(
          over_repetitions(results, s, [](const HpoSearch& search) { return search.joules_saved; }),
          kThree));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table hpo_paper_table(const HpoResults& results) {
  const training::Config& t = results.config.training;
  Table table{.caption = "Beside the paper",
              .head = {"strategy", "best " + results.score, "in round", "paper: accuracy, %",
                       "paper: in round", "paper: J until within 1 point, measured"}};
  if (results.config.objective != study::kHpoAccuracy ||
      !results.config.space_name.starts_with("paper")) {
    return table;
  }
  for (const HpoStrategy& s : results.strategies) {
    const auto* const cell = study::hpo_paper_cell(t.data, t.model, s.name, results.dimensions);
    if (!cell) continue;
    table.rows.push_back(
        {s.name, at_the_end(results, s, 2, [](const HpoStep& e) { return e.score; }),
         when(results, s, &HpoSearch::best_at, 1, rounds_of),
         fmt::format("{:.4g}", 100 * cell->accuracy), fmt::format("{}", cell->round),
         cell->joules_until_close ? fmt::format("{:.0f}", *cell->joules_until_close) : kNone});
  }
  return table;
}

Table best_points_table(const HpoResults& results) {
  const std::string energy = "of a training, " + joules_unit(results.training_quality);
  if (results.config.objective == study::kHpoFront) {
    Table table{.caption = "The front", .head = {"search", "point", "accuracy, %", energy}};
    for (const std::size_t i : results.front) {
      const study::HpoRound& round = results.rounds[i];
      const HpoSearch& search = results.searches[round.search];
      table.rows.push_back({str(search.strategy, "-", search.repetition), round.point,
                            fmt::format("{:.2f}", round.accuracy),
                            fmt::format("{:.4g}", round.joules)});
    }
    return table;
  }
  Table table{.caption = "The best round of each search",
              .head = {"search", "round", "point", results.score, "test accuracy, %"}};
  for (std::size_t i = 0; i < results.searches.size(); ++i) {
    const HpoSearch& search = results.searches[i];
    if (!search.best) continue;
    const auto round = std::ranges::find_if(results.rounds, [&](const study::HpoRound& r) {
      return r.search == i && r.trial == *search.best;
    });
    table.rows.push_back(
        {str(search.strategy, "-", search.repetition), fmt::format("{}", search.best_at->round),
         round == results.rounds.end() ? "" : round->point,
         fmt::format("{:.{}f}", *search.steps.back().score, score_digits(results)),
         search.best_test_accuracy ? fmt::format("{:.2f}", *search.best_test_accuracy) : kNone});
  }
  return table;
}

}  // namespace joule::report
