// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>

#include "joule/core/error.h"
#include "joule/nas/search/table_search.h"
#include "joule/study/nas_search/nas_search_study.h"
#include "joule/tests/nas/search/small_table.h"
#include "joule/tests/support/files.h"

namespace joule::study {
namespace {

/// What was found in memory is what a study proposes from its finished trials: it can go on, and
/// one that runs by the engine finds the same.
TEST(NasSearchStudy, ProposesWhatTheSearchInMemoryFound) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "table.db").string();
  const std::vector<std::int64_t> budgets{4, 12};
  nas::test::small_table(4, budgets).save(path);
  nas::Table table = nas::Table::open(path);
  const NasSearchConfig config{.table = path, .vertices = 4, .budgets = budgets};
  const nas::CellSpace space(4, budgets);
  for (const char* const strategy : {"random", "nsga2", "semoa", "semoa-code", "sh-emoa"}) {
    const Study study{.id = 1,
                      .definition = nas_search_study("a", config, space, strategy, 60, 5, {})};
    const nas::SearchRun run = search_table(
        table, space,
        {.strategy = strategy, .objectives = config.objectives, .evaluations = 60, .seed = 5});
    const std::vector<Trial> trials = trials_of(run);
    ASSERT_EQ(trials.size(), 60u);
    EXPECT_GT(std::ranges::count(trials, State::failed, &Trial::state), 0) << strategy;
    for (std::int64_t n = 0; n < 60; ++n) {
      const std::vector<Trial> before(trials.begin(), trials.begin() + n);
      EXPECT_EQ(proposed(study, before, n), trials[static_cast<std::size_t>(n)].point)
          << strategy << ' ' << n;
    }
    EXPECT_EQ(proposed(study, trials, 60), std::nullopt);
    // And back.
    const nas::SearchRun again = run_of(study, trials, config.objectives, strategy);
    ASSERT_EQ(again.evaluations.size(), 60u);
    for (std::size_t i = 0; i < 60; ++i) {
      EXPECT_EQ(again.evaluations[i].fault, run.evaluations[i].fault);
      EXPECT_EQ(again.evaluations[i].joules, run.evaluations[i].joules);
      EXPECT_EQ(again.evaluations[i].number(nas::kValidationAccuracy),
                run.evaluations[i].number(nas::kValidationAccuracy));
    }
  }
}

/// No trial asks it for anything.
class NoContext final : public TrialContext {
 public:
  int threads() const override { return 1; }
  const std::string& folder() const override { return folder_; }
  bool stop() override { return false; }
  void report(std::int64_t, std::vector<Value>) override {}
  bool prune() override { return false; }
  MeterLock lock_meters(std::vector<std::string>) override { throw Interrupted(); }

 private:
  std::string folder_;
};

TEST(NasSearchStudy, ItsKindLooksTrainingsUp) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "table.db").string();
  nas::test::small_table(4).save(path);
  nas::Table table = nas::Table::open(path);
  const nas::CellSpace space(4, std::vector<std::int64_t>{4});
  const NasSearchConfig config{.table = path, .vertices = 4, .budgets = {4}};
  const StudyDefinition definition = nas_search_study("a", config, space, "random", 30, 5, {});
  EXPECT_EQ(to_json(parse_nas_search_config(definition.config, "x")), to_json(config));
  const Objective objective = kind_of("nas-search").make(definition);
  const std::vector<Trial> trials = trials_of(search_table(
      table, space,
      {.strategy = "random", .objectives = config.objectives, .evaluations = 30, .seed = 5}));
  NoContext context;
  for (const Trial& trial : trials) {
    if (trial.state == State::complete) {
      EXPECT_EQ(objective(trial, context), trial.values);
      continue;
    }
    try {
      objective(trial, context);
      FAIL() << "a fault was expected";
    } catch (const ArgumentError& error) {
      EXPECT_EQ(error.what(), trial.error);
    }
  }
}

}  // namespace
}  // namespace joule::study
