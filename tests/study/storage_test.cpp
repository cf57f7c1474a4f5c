// SPDX-License-Identifier: MIT
#include "joule/study/storage/storage.h"

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <filesystem>

#include "joule/core/error.h"
#include "joule/energy/meters/replay.h"
#include "joule/study/workers/known_trials.h"
#include "joule/study/workers/meter_lock.h"
#include "joule/study/workers/trial_folder.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::study {
namespace {

namespace fs = std::filesystem;

class StudyStorage : public ::testing::Test {
 protected:
  Location location() const { return {folder_ + "/study.db"}; }

  static StudyDefinition definition() {
    return {.name = "a",
            .kind = "b",
            .space = search::Space({{.name = "x", .low = 0, .high = 2}}),
            .goals = {{"loss", search::Direction::minimise}},
            .sampler = "random",
            .seed = 18446744073709551615u,
            .trials = 5};
  }

  const test::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path().string();
};

template <class Error, class Body>
std::string message(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::vector<std::int64_t> numbers(const KnownTrials& known) {
  std::vector<std::int64_t> out;
  for (const Trial& trial : known.trials()) out.push_back(trial.number);
  return out;
}

// A worker may know of a trial that a crash of the server has undone.
TEST_F(StudyStorage, AddsNoTrialBehindAGap) {
  Storage storage(location());
  const Study study = storage.make_study(definition(), "");
  EXPECT_FALSE(storage.propose(study, 1, {{"x", 0.1}}));
  EXPECT_TRUE(storage.propose(study, 0, {{"x", 0.1}}));
  EXPECT_FALSE(storage.propose(study, 2, {{"x", 0.1}}));
  EXPECT_TRUE(storage.propose(study, 1, {{"x", 0.1}}));
  EXPECT_EQ(storage.trials(study).size(), 2u);
}

TEST_F(StudyStorage, AGapIsFilled) {
  Storage storage(location());
  const Study study = storage.make_study(definition(), "");
  for (std::int64_t n = 0; n < 4; ++n) storage.propose(study, n, {{"x", 0.1}});
  soci::session("sqlite3", "db=" + location().url) << "DELETE FROM trials WHERE number = 2";
  KnownTrials known;
  known.update(storage, study);
  EXPECT_EQ(numbers(known), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(known.next(), 2);
  EXPECT_TRUE(storage.propose(study, known.next(), {{"x", 0.1}}));
  known.update(storage, study);
  EXPECT_EQ(numbers(known), (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST_F(StudyStorage, GivesBackWhatItWasGiven) {
  Storage storage(location());
  const Study study = storage.make_study(definition(), "a machine");
  EXPECT_EQ(difference(storage.study("a").definition, definition()), "");
  EXPECT_EQ(study.origin.machine, "a machine");
  const search::Point point{{"x", 0.1}};
  EXPECT_TRUE(storage.propose(study, 0, point));
  EXPECT_FALSE(storage.propose(study, 0, {{"x", 0.2}}));  // it has one
  const auto claim = storage.claim(study, this_process(), 60);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->trial.point, point);
  EXPECT_EQ(claim->trial.token, 1);
  EXPECT_FALSE(storage.claim(study, this_process(), 60));
  Value energy = measured("energy", 1.0 / 3, "J", "rapl");
  energy.low = 0.1, energy.high = 1e300;
  const std::vector<Value> values{energy, unavailable("power", "W", "rapl", "no \"right\""),
                                  counted("loss", -5e-324, "", "")};
  storage.report(*claim, {1, values});
  storage.report(*claim, {3, values});
  storage.report(*claim, {2, {values[2]}});  // from there on anew
  EXPECT_TRUE(storage.beat(*claim, 60));
  storage.finish(study, *claim, State::complete, values);
  const Trial trial = storage.trial(study, 0);
  EXPECT_EQ(trial.state, State::complete);
  EXPECT_EQ(trial.values, values);
  EXPECT_EQ(trial.reports, (std::vector<Report>{{1, values}, {2, {values[2]}}}));
  EXPECT_EQ(trial.seed, trial_seed(definition().seed, 0));
  EXPECT_GE(*trial.ended, *trial.started);
  EXPECT_NEAR(*trial.ended, static_cast<double>(std::time(nullptr)), 60);
}

TEST_F(StudyStorage, AddsTrialsThatWereRunElsewhere) {
  Storage storage(location());
  const Study study = storage.make_study(definition(), "");
  std::vector<Trial> trials;
  for (std::int64_t number = 0; number < 3; ++number) {
    trials.push_back({.number = number,
                      .point = {{"x", 0.25 * static_cast<double>(number)}},
                      .state = State::complete,
                      .values = {counted("loss", 1.5, "", "there")}});
  }
  trials[1].state = State::failed;
  trials[1].values.clear();
  trials[1].error = "it is none";
  storage.add_finished(study, trials);
  const std::vector<Trial> stored = storage.trials(study);
  ASSERT_EQ(stored.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(stored[i].point, trials[i].point);
    EXPECT_EQ(stored[i].state, trials[i].state);
    EXPECT_EQ(stored[i].values, trials[i].values);
    EXPECT_EQ(stored[i].error, trials[i].error);
    EXPECT_EQ(stored[i].seed, trial_seed(study.definition.seed, trials[i].number));
    EXPECT_TRUE(stored[i].ended.has_value());
  }
  // All or none: the last one lacks its goal, or is not the next.
  const auto fault = [&](std::vector<Trial> more) {
    return message<ArgumentError>([&] { storage.add_finished(study, more); });
  };
  Trial next = trials[0], last = trials[0];
  next.number = 3, last.number = 4;
  last.values.clear();
  EXPECT_EQ(fault({next, last}),
            "trial 4 has 0 available values loss, which is a goal of the study; expected one");
  last.values = next.values, last.number = 5;
  EXPECT_NE(fault({next, last})
                .find("the study a has 4 trials: expected a trial of that number, "
                      "got 5"),
            std::string::npos);
  last.number = 4, last.state = State::running;
  EXPECT_EQ(fault({next, last}), "trial 4 is running: expected one that is finished");
  EXPECT_EQ(storage.trials(study).size(), 3u);
  storage.add_finished(study, {next});
  EXPECT_EQ(storage.trials(study).size(), 4u);
}

/// Different from trial to trial: which texts and numbers there are, and how many values.
Trial awkward(std::int64_t number) {
  const auto x = static_cast<double>(number);
  Trial trial{.number = number, .point = {{"x", x / 50}}, .state = State::failed};
  trial.error = str("it's \"", number, "\", {a, NULL}, \\ and :c1\n\xc3\xa9");
  Value energy = measured("energy", x / 3, "J", "rapl");
  if (number % 3 == 1) energy.low = -x * 1e-300, energy.high = 1e300 / (x + 1);
  if (number % 2 == 0) trial.values.push_back(energy);
  if (number % 5 > 0) trial.values.push_back(unavailable("power", "W", "", "no 'right'"));
  if (number % 7 == 3) trial.proposal = trial.values;
  return trial;
}

TEST_F(StudyStorage, AddsMoreTrialsThanAStatementHolds) {
  constexpr std::int64_t kMany = 69;  // two full statements, and five rows
  std::vector<Trial> trials;
  for (std::int64_t number = 0; number < kMany; ++number) trials.push_back(awkward(number));
  Storage storage(location());
  const Study study = storage.make_study(definition(), "");
  storage.add_finished(study, trials);
  const std::vector<Trial> stored = storage.trials(study);
  ASSERT_EQ(stored.size(), trials.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    EXPECT_EQ(stored[i].point, trials[i].point);
    EXPECT_EQ(stored[i].values, trials[i].values);
    EXPECT_EQ(stored[i].proposal, trials[i].proposal);
    EXPECT_EQ(stored[i].error, trials[i].error);
    EXPECT_EQ(stored[i].token, 1);
  }
  // Nothing is stored if the last of them is refused.
  std::vector<Trial> more;
  for (std::int64_t number = kMany; number < 2 * kMany; ++number) more.push_back(awkward(0));
  for (std::size_t i = 0; i < more.size(); ++i) {
    more[i].number = kMany + static_cast<std::int64_t>(i);
  }
  more.back().number = 0;
  EXPECT_THROW(storage.add_finished(study, more), ArgumentError);
  EXPECT_EQ(storage.trials(study).size(), trials.size());
}

TEST_F(StudyStorage, EndsATrialOnce) {
  Storage storage(location());
  const Study study = storage.make_study(definition(), "");
  storage.propose(study, 0, {{"x", 0.1}});
  const std::vector<Value> values{counted("loss", 1, "", "")};
  const Claim first = storage.claim(study, this_process(), -1).value();  // its lease has run out
  const auto reclaimed = storage.reclaim(study, 3);
  ASSERT_EQ(reclaimed.size(), 1u);
  EXPECT_EQ(reclaimed[0].worker, this_process());
  EXPECT_FALSE(reclaimed[0].failed);
  EXPECT_EQ(storage.trial(study, 0).error,
            "its worker " + this_process().shown() + " died: it gave no sign of life");
  EXPECT_FALSE(storage.beat(first, 60));
  EXPECT_THROW(storage.report(first, {1, {}}), ClaimLost);
  EXPECT_THROW(storage.give_back(first), ClaimLost);
  const Claim second = storage.claim(study, this_process(), 60).value();
  EXPECT_EQ(second.trial.token, 2);
  EXPECT_EQ(
      message<ClaimLost>([&] { storage.finish(study, first, State::complete, values); }),
      "trial 0 is no longer that of attempt 1: its worker was taken for dead, it was given to " +
          this_process().shown() + " (attempt 2), and is running; the late result is refused");
  Claim forged = second;  // the same token, of another process
  forged.process = "another";
  EXPECT_THROW(storage.finish(study, forged, State::complete, values), ClaimLost);
  storage.finish(study, second, State::complete, values);
  EXPECT_THROW(storage.finish(study, forged, State::complete, values), ClaimLost);
  storage.finish(study, second, State::complete, values);  // as if the answer had been lost
  EXPECT_EQ(storage.trial(study, 0).values.size(), 1u);
  EXPECT_THROW(storage.finish(study, second, State::failed, {}, "no"), ClaimLost);
  EXPECT_EQ(storage.trial(study, 0).state, State::complete);
  EXPECT_TRUE(storage.reclaim(study, 3).empty());
}

TEST_F(StudyStorage, KeepsTheClaimsOfTheLiving) {
  Storage storage(location());
  const Study study = storage.make_study(definition(), "");
  storage.propose(study, 0, {{"x", 0.1}});
  storage.claim(study, this_process(), 60);
  EXPECT_TRUE(storage.reclaim(study, 3).empty());
  // A process of this machine that is gone, and one of another of which nothing is known.
  const pid_t child = ::fork();
  if (child == 0) ::pause();
  const WorkerProcess gone = process_of(child);
  EXPECT_FALSE(is_dead(gone));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(is_dead(gone));
  WorkerProcess elsewhere = gone;
  elsewhere.identity = "another boot " + gone.identity;
  EXPECT_FALSE(is_dead(elsewhere));
  storage.propose(study, 1, {{"x", 0.1}});
  storage.claim(study, gone, 60);
  storage.propose(study, 2, {{"x", 0.1}});
  storage.claim(study, elsewhere, 60);
  const auto reclaimed = storage.reclaim(study, 1);
  ASSERT_EQ(reclaimed.size(), 1u);
  EXPECT_EQ(reclaimed[0].number, 1);
  EXPECT_TRUE(reclaimed[0].failed);
  EXPECT_EQ(storage.trial(study, 1).error, "its worker " + gone.shown() +
                                               " died: its process is gone (1 workers died of this "
                                               "trial)");
  EXPECT_EQ(storage.retry_failed(study), 1);
  EXPECT_EQ(storage.claim(study, this_process(), 60)->trial.number, 1);
}

TEST_F(StudyStorage, RefusesValuesThatAreNone) {
  Storage storage(location());
  const Study study = storage.make_study(definition(), "");
  storage.propose(study, 0, {{"x", 0.1}});
  const Claim claim = storage.claim(study, this_process(), 60).value();
  const auto refusal = [&](std::vector<Value> values) {
    return message<ArgumentError>(
        [&] { storage.finish(study, claim, State::complete, std::move(values)); });
  };
  const Value loss = counted("loss", 1, "", "");
  EXPECT_EQ(refusal({}),
            "trial 0 has 0 available values loss, which is a goal of the study; "
            "expected one");
  EXPECT_EQ(refusal({loss, modelled("loss", 1, "", "")}),
            "trial 0 has 2 available values loss, which is a goal of the study; expected one");
  EXPECT_EQ(refusal({loss, loss}), "trial 0 has two counted values loss");
  EXPECT_EQ(storage.trial(study, 0).state, State::running);
  EXPECT_THROW(storage.propose(study, 1, {{"x", 3.0}}), ArgumentError);
}

TEST_F(StudyStorage, BringsAnOldSchemaUpToDate) {
  {
    Storage storage(location());
    storage.make_study(definition(), "");
  }
  std::vector<Migration> schema(migrations().begin(), migrations().end());
  schema.push_back(
      {"ALTER TABLE studies ADD COLUMN colour TEXT", "UPDATE studies SET colour = 'red'"});
  {
    Storage storage(location(), Storage::Missing::refuse, schema);
    EXPECT_EQ(storage.study("a").definition.name, "a");
  }
  Storage(location(), Storage::Missing::refuse, schema);  // there is nothing left to do
  EXPECT_EQ(message<DataError>([&] { Storage again(location()); }),
            location().url +
                ": its schema has version 3, and this program knows those up to 2: use "
                "the newer Joule that made it");
  // One that fails in the middle changes nothing.
  schema.push_back({"ALTER TABLE studies ADD COLUMN size TEXT", "UPDATE nothing SET a = 1"});
  EXPECT_THROW(Storage(location(), Storage::Missing::refuse, schema), DataError);
  schema.pop_back();
  schema.push_back({"ALTER TABLE studies ADD COLUMN size TEXT"});
  Storage(location(), Storage::Missing::refuse, schema);
}

TEST_F(StudyStorage, AStudyFromBeforeThereWerePrunersHasNone) {
  const std::span<const Migration> first = migrations().first(1);
  {
    // What the first version wrote.
    const Location old = location();
    Storage(old, Storage::Missing::make, first);
    soci::session sql("sqlite3", "db=" + old.url);
    sql << "INSERT INTO studies (id, name, kind, config, space, goals, sampler, seed, fixed, "
           "trials, "
           "created, joule, host, machine) VALUES (1, 'a', 'b', '{}', "
           "'{\"dimensions\":[{\"name\":\"x\",\"kind\":\"real\",\"low\":0,\"high\":2}]}', "
           "'[{\"value\":\"loss\",\"direction\":\"minimise\"}]', 'random', '18446744073709551615', "
           "'[]', 5, 1.0, '1', 'host', 'machine')";
  }
  Storage storage(location());
  EXPECT_EQ(difference(storage.study("a").definition, definition()), "");
  StudyDefinition pruned = definition();
  pruned.pruner.name = "median";
  EXPECT_NE(message<ArgumentError>([&] {
              storage.make_study(pruned, "");
            }).find("is another one: pruner is \"none\", got {"),
            std::string::npos);
  pruned.name = "c";
  pruned.goals[0].limit = std::nullopt;
  storage.make_study(pruned, "");
  EXPECT_EQ(storage.study("c").definition.pruner, pruned.pruner);
}

TEST_F(StudyStorage, KeepsWhatAProposalTook) {
  Storage storage(location());
  const Study study = storage.make_study(definition(), "");
  const std::vector<Value> took{measured("proposal time", 0.5, "s", "clock"),
                                unavailable("proposal energy", "J", "", "no meter")};
  storage.propose(study, 0, {{"x", 0.1}}, took);
  const Claim claim = storage.claim(study, this_process(), 60).value();
  storage.report(claim, {1, {counted("loss", 1, "", "")}});
  storage.finish(study, claim, State::complete, {counted("loss", 1, "", "")});
  const Trial trial = storage.trial(study, 0);
  EXPECT_EQ(trial.proposal, took);
  EXPECT_EQ(trial.reports.size(), 1u);
}

TEST_F(StudyStorage, AMeterIsOneTrialsAtATime) {
  int asked = 0;
  const auto stop = [&] { return ++asked > 2; };
  {
    auto both = MeterLock::wait({"b:0", "a/1", "a/1"}, {}, folder_);
    ASSERT_TRUE(both);
    EXPECT_FALSE(MeterLock::wait({"a/1"}, stop, folder_));
    EXPECT_EQ(asked, 3);
    EXPECT_TRUE(MeterLock::wait({"c"}, {}, folder_));
  }
  EXPECT_TRUE(MeterLock::wait({"a/1"}, stop, folder_));
  EXPECT_THROW(MeterLock::wait({""}, {}, folder_), ArgumentError);
  EXPECT_THROW(MeterLock::wait({"a"}, {}, folder_ + "/nowhere"), DataError);
}

TEST_F(StudyStorage, AReplayIsNotReserved) {
  energy::RunMeters run;
  run.meters.push_back(energy::replay_meter(
      R"({"joule_trace":1,"meter":"rapl","scope":"package 0","joules_per_tick":1,"systematic":0})",
      "trace"));
  test::SimulatedPower power(1'000'000, 1000);
  run.meters.push_back(std::make_unique<test::SimulatedMeter>(power));
  run.beside = {"", "it counts the same"};
  EXPECT_EQ(locks_of(training::Metering(std::move(run))),
            std::vector<std::string>{"simulated everything"});
}

TEST_F(StudyStorage, ATrialFindsWhatItLeft) {
  const Trial trial{.number = 7, .token = 2};
  {
    TrialFolders folders(folder_, false);
    TrialFolder first = folders.open(trial);
    EXPECT_EQ(first.path(), folder_ + "/trials/000007");
    fs::create_directory(first.path() + "/checkpoint");
    TrialFolder late = folders.open(trial);  // while the other has it
    EXPECT_EQ(late.path(), folder_ + "/trials/000007-2");
    late.close(State::complete);
    EXPECT_FALSE(fs::exists(late.path()));
  }
  TrialFolders folders(folder_, false);
  TrialFolder again = folders.open(trial);
  EXPECT_TRUE(fs::exists(again.path() + "/checkpoint"));
  again.close(State::failed);
  EXPECT_TRUE(fs::exists(again.path()));
  TrialFolder last = folders.open(trial);
  last.close(State::complete);
  EXPECT_TRUE(fs::is_empty(folder_ + "/trials"));
  EXPECT_THROW(TrialFolders("", true), ArgumentError);
}

}  // namespace
}  // namespace joule::study
