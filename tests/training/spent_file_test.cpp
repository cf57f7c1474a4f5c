// SPDX-License-Identifier: MIT
#include "joule/training/run/spent_file.h"

#include <stdexcept>

#include "joule/io/input_file.h"
#include "joule/tests/support/files.h"
#include "joule/tests/training/energy_account_cases.h"
#include "joule/training/run/run.h"

namespace joule::training {
namespace {

using test::TemporaryFolder;
using namespace energy_account_cases;

/// Epochs of many steps, of which each takes 100 ms: 1 J.
Config long_epochs() {
  Config config = test::tiny_config(2);
  config.limit = 40;
  return config;
}

/// A run with 10 W that is killed after so many steps; why its budget ended it, if it did.
std::string killed_after(const std::string& folder, int steps, Existing existing,
                         std::optional<Joules> budget) {
  Bench bench;
  std::string why;
  int done = 0;
  const Hooks hooks{.on_progress =
                        [&](const Progress&) {
                          bench.power.sleep_ns(100 * kMs);
                          if (++done > steps) throw std::runtime_error("killed");
                        },
                    .on_budget = [&](const std::string& reason) { why = reason; }};
  try {
    run_in_folder(folder, long_epochs(), existing, hooks,
                  {.energy = {.metering = bench.metering, .budget = budget}});
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "killed");
  }
  return why;
}

TEST(SpentFile, ThreeKillsInTheFirstEpochDoNotSpendThreeBudgets) {
  const TemporaryFolder folder;
  const std::string path = folder / "run";
  // The first check of the budget, after a step, writes it down; a second is not over by then.
  EXPECT_EQ(killed_after(path, 1, Existing::refuse, Joules(2.5)), "");
  EXPECT_EQ(read_spent(path)->spent, Joules(1));
  EXPECT_EQ(read_spent(path)->budget, Joules(2.5));
  EXPECT_EQ(killed_after(path, 1, Existing::resume, {}), "") << "nor is the budget forgotten";
  EXPECT_EQ(read_spent(path)->spent, Joules(2));
  EXPECT_EQ(killed_after(path, 5, Existing::resume, {}),
            "the energy budget of 2.5 J is spent: 3 J (measured, gross; 2 J were lost at kills)");
  // More may be allowed; and a run that came to its end has nothing left to keep.
  EXPECT_EQ(killed_after(path, 1'000'000, Existing::resume, Joules(1000)), "");
  EXPECT_TRUE(is_finished(path));
  EXPECT_FALSE(read_spent(path));
}

TEST(SpentFile, WhatACheckpointHasIsNotLost) {
  const TemporaryFolder folder;
  const std::string path = folder / "run";
  const std::string why = killed_after(path, 1000, Existing::refuse, Joules(3.5));
  EXPECT_EQ(why, "the energy budget of 3.5 J is spent: 4 J (measured, gross)");
  EXPECT_EQ(killed_after(path, 1000, Existing::resume, {}), why) << "it stays spent";
}

TEST(SpentFile, OverwritingARunForgetsWhatItSpent) {
  const TemporaryFolder folder;
  const std::string path = folder / "run";
  EXPECT_EQ(killed_after(path, 1, Existing::refuse, Joules(2.5)), "");
  EXPECT_EQ(killed_after(path, 1, Existing::overwrite, Joules(2.5)), "");
  EXPECT_EQ(read_spent(path)->spent, Joules(1));
}

TEST(SpentFile, RefusesWhatItIsNot) {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  EXPECT_FALSE(read_spent(path));
  for (const char* text :
       {"", "[]", "{", R"({"spent_joules":1})", R"({"spent_joules":-1,"budget_joules":1})",
        R"({"spent_joules":"1","budget_joules":1})"}) {
    test::write(folder / "spent.json", text);
    EXPECT_THROW(read_spent(path), DataError) << text;
  }
}

}  // namespace
}  // namespace joule::training
