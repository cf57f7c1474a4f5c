// SPDX-License-Identifier: MIT
#include "joule/training/run/run.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <new>
#include <nlohmann/json.hpp>

#include "joule/io/input_file.h"
#include "joule/layers/module.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/small_runs.h"
#include "joule/training/energy/run_energy.h"
#include "joule/training/run/folder_lock.h"
#include "joule/training/run/history.h"
#include "joule/training/run/metrics_file.h"

namespace joule::training {
namespace {

namespace fs = std::filesystem;
using namespace test;

/// Every file of a folder and what is in it.
std::map<std::string, std::string> contents(const std::string& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    all[entry.path().filename()] = read_file(entry.path());
  }
  return all;
}

template <class Error, class Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no such error was thrown";
  return {};
}

EpochMetrics epoch_of(std::int64_t number, double accuracy = 0.5, std::int64_t ticks = 10) {
  EpochMetrics m{.epoch = number, .test_accuracy = accuracy, .seconds = 2};
  const energy::WindowSum window{.meter = "rapl",
                                 .unit = energy::Joules(1),
                                 .ticks = ticks,
                                 .nanoseconds = 1'000'000'000,
                                 .edges = energy::Joules(0.25),
                                 .idle = energy::Joules(2)};
  m.energy.training = {.measured = {window}, .work = {.calls = 1, .work = {.macs = 3 * ticks}}};
  m.energy.evaluation = {.measured = {window}, .work = {.calls = 1, .work = {.macs = 1}}};
  return m;
}

std::vector<EpochMetrics> many_epochs(std::int64_t count) {
  std::vector<EpochMetrics> epochs;
  for (std::int64_t i = 1; i <= count; ++i) {
    epochs.push_back(epoch_of(i, i == 333 ? 0.99 : 0.5 + 1e-4 * static_cast<double>(i % 100),
                              10 + i * 7919 % 13));
  }
  return epochs;
}

TEST(History, IsOfBoundedLengthAndItsSumsAreExact) {
  const auto all = many_epochs(1234);
  const auto points = thinned(all);
  EXPECT_LE(points.size(), kMostPoints);
  EXPECT_GT(points.size(), kMostPoints / 3);
  EXPECT_EQ(count_epochs(points), 1234);
  EXPECT_EQ(points.front().epoch, 1);
  EXPECT_EQ(points.back().epoch, 1234);
  EXPECT_EQ(std::ranges::max(points, {}, &EpochMetrics::test_accuracy).epoch, 333);
  const EpochEnergy sum = total_energy(all), of_points = total_energy(points);
  EXPECT_EQ(of_points.training.measured[0].ticks, sum.training.measured[0].ticks);
  EXPECT_EQ(of_points.training.work.work, sum.training.work.work);
  double seconds = 0;
  for (const EpochMetrics& m : points) seconds += m.seconds;
  EXPECT_EQ(seconds, 2 * 1234);
  std::int64_t next = 1;
  for (const EpochMetrics& m : points) {
    EXPECT_EQ(m.epoch - m.merged.count, next);
    next = m.epoch + 1;
  }
}

TEST(History, OfAShortRunIsTheRun) {
  const auto all = many_epochs(static_cast<std::int64_t>(kMostPoints));
  EXPECT_EQ(to_jsonl(thinned(all)), to_jsonl(all));
}

TEST(History, PredictsAsAllEpochsDo) {
  const auto all = many_epochs(700);
  const auto points = thinned(all);
  for (const bool by_meter : {true, false}) {
    const energy::CostModel& model = energy::horowitz45();
    const std::string source = by_meter ? kMeasured : model.name;
    const auto spent = [&](std::span<const EpochMetrics> epochs) {
      return by_meter ? measured_energies(epochs) : modelled_energies(epochs, model);
    };
    const auto expected = predictions(all, spent(all), source, 1000);
    const auto actual = predictions(points, spent(points), source, 1000);
    ASSERT_GT(expected.size(), 600u);  // the first ones reach down to 0
    EXPECT_GT(expected.back().half_width, energy::Joules(0));
    for (const Prediction& p : actual) {
      const auto e = std::ranges::find(expected, p.after_epoch, &Prediction::after_epoch);
      ASSERT_NE(e, expected.end()) << p.after_epoch;
      EXPECT_NEAR(p.energy / e->energy, 1, 1e-12);
      EXPECT_NEAR(p.half_width / e->half_width, 1, 1e-9);
    }
    EXPECT_EQ(actual.back().after_epoch, 700);
  }
}

TEST(MetricsFile, IsCutBackToWhatTheCheckpointCovers) {
  const TemporaryFolder folder;
  const std::string path = folder / "metrics.jsonl";
  EXPECT_EQ(read_metrics(path, 0, [](EpochMetrics) {}), 0);
  cut_metrics(path, 0);
  EXPECT_FALSE(fs::exists(path));
  for (std::int64_t i = 1; i <= 3; ++i) append_metrics(path, epoch_of(i));
  const std::string three = read_file(path);
  EXPECT_EQ(count_lines(path), 3);
  std::ofstream(path, std::ios::app) << "{\"epoch\":4,\"train_lo";
  EXPECT_EQ(count_lines(path), 3);
  std::vector<EpochMetrics> seen;
  const std::int64_t bytes =
      read_metrics(path, 3, [&](EpochMetrics m) { seen.push_back(std::move(m)); });
  EXPECT_EQ(to_jsonl(seen), three);
  cut_metrics(path, bytes);
  EXPECT_EQ(read_file(path), three);
  const std::string missing = data_error_of([&] { read_metrics(path, 5, [](EpochMetrics) {}); });
  EXPECT_EQ(missing, path + ": ends after 3 of the 5 epochs that the checkpoint covers");
}

TEST(MetricsFile, RefusesWhatNoEpochWrote) {
  const TemporaryFolder folder;
  const std::string path = folder / "metrics.jsonl";
  const std::string first = to_jsonl(std::vector{epoch_of(1)});
  const auto refused = [&](const std::string& second) {
    write(path, first + second + "\n");
    const std::string error = data_error_of([&] { read_metrics(path, 2, [](EpochMetrics) {}); });
    EXPECT_TRUE(error.starts_with(path + ": line 2: ")) << error;
    return error.substr(std::min(error.size(), path.size() + 10));
  };
  const std::string good = to_jsonl(std::vector{epoch_of(2)});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bad = good.substr(0, good.size() - 1);
    bad.replace(bad.find(from), from.size(), to);
    return refused(bad);
  };
  EXPECT_EQ(with("\"epoch\":2", "\"epoch\":3"), "expected the line of epoch 2");
  EXPECT_EQ(with("\"ticks\":10", "\"ticks\":-10"),
            "metrics: not a line of an epoch: 'ticks' cannot be -10");
  EXPECT_EQ(with("\"ticks\":10", "\"ticks\":1e300"),
            "metrics: not a line of an epoch: 'ticks' cannot be 1e+300");
  EXPECT_EQ(with("\"ticks\":10", "\"ticks\":9223372036854775807"),
            "metrics: not a line of an epoch: 'ticks' cannot be 9223372036854775807: expected 0 to "
            "2305843009213693952");
  EXPECT_EQ(with("\"ticks\":10", "\"ticks\":2305843009213693952"),
            "'ticks' cannot be 2305843009213693952: expected 0 to 1152921504606846976");
  const std::string more = with("\"macs_skippable\":0", "\"macs_skippable\":999999999");
  EXPECT_TRUE(more.starts_with(
      "metrics: not a line of an epoch: 'macs_skippable' cannot be 999999999: expected 0 to "))
      << more;
  EXPECT_EQ(with("\"relu_outputs_nonzero\":0", "\"relu_outputs_nonzero\":1"),
            "'relu_outputs_nonzero' cannot be 1 of 0");
  EXPECT_EQ(refused("{").substr(0, 10), "metrics: n");
  EXPECT_EQ(refused(""), "expected the line of epoch 2");
}

Config two_epochs() { return {.model = "lenet5", .data = "synthetic", .epochs = 2, .batch = 16}; }

/// A state whose tensors are its own, as one that was read from a file.
State copy_of(const State& state) {
  State copy = state;
  for (auto& [name, tensor] : copy.tensors) tensor = tensor.clone();
  return copy;
}

template <class Body>
std::string argument_error_of(Body&& body) {
  try {
    body();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Checkpoint, RefusesForgedCounts) {
  Trainer trainer(two_epochs(), small_data());
  Trainer other(two_epochs(), small_data());
  other.run_epoch();
  other.run_epoch({.stop = [] { return true; }});
  const State good = copy_of(other.state());
  const auto with = [&](const std::string& entry, const std::string& text) {
    State bad = good;
    bad.values.at(entry) = text;
    return argument_error_of([&] { trainer.load_state(bad, other.metrics()); });
  };
  EXPECT_EQ(with("sums", good.values.at("sums")), "no error");
  // Loss, penalty, images, correct, seconds after one step of 16 images.
  EXPECT_EQ(with("sums", "1 1 -16 0 1"),
            "checkpoint: 'sums': images cannot be -16 after 1 steps: expected 16");
  EXPECT_EQ(with("sums", "1 1 16 17 1"), "checkpoint: 'sums': correct cannot be 17 of 16 images");
  EXPECT_EQ(with("sums", "1 1 16 -1 1"), "checkpoint: 'sums': correct cannot be -1 of 16 images");
  EXPECT_EQ(with("sums", "nan 1 16 3 1"), "checkpoint: 'sums': loss cannot be nan");
  EXPECT_EQ(with("sums", "1 -inf 16 3 1"), "checkpoint: 'sums': penalty cannot be -inf");
  EXPECT_EQ(with("sums", "1 1 16 3 -1"), "checkpoint: 'sums': seconds cannot be -1");
  EXPECT_EQ(with("sums", "1 1 16 3 0"), "checkpoint: 'sums': seconds cannot be 0 after 1 steps");
  EXPECT_EQ(with("sums", "1 1 99999999999999999999 3 1"),
            "checkpoint: 'sums' cannot be '1 1 99999999999999999999 3 1'");
  // Calls, MACs, bytes read, written, skippable, skipped, values, not zero, nanoseconds.
  EXPECT_EQ(with("work.forward", "1 9 8 8 5 3 4 2 7"), "no error");
  const std::string most = ": expected 0 to 2305843009213693952";
  EXPECT_EQ(with("work.forward", "-1 9 1 1 5 3 4 2 7"),
            "checkpoint: 'work.forward': 'calls' cannot be -1" + most);
  EXPECT_EQ(with("work.backward", "1 9223372036854775807 1 1 5 3 4 2 7"),
            "checkpoint: 'work.backward': 'macs' cannot be 9223372036854775807" + most);
  EXPECT_EQ(with("work.update", "1 9 8 8 10 3 4 2 7"),
            "checkpoint: 'work.update': 'macs_skippable' cannot be 10: expected 0 to 9");
  EXPECT_EQ(with("work.update", "1 9 8 8 5 6 4 2 7"),
            "checkpoint: 'work.update': 'macs_skipped' cannot be 6: expected 0 to 5");
  EXPECT_EQ(with("work.update", "1 9 8 8 5 3 4 5 7"),
            "checkpoint: 'work.update': 'values_in_nonzero' cannot be 5: expected 0 to 4");
  EXPECT_EQ(with("silent.relu1", "-1"),
            "checkpoint: 'silent.relu1' cannot be -1: expected 0 to 19");
  EXPECT_EQ(
      with("optimizer.step.conv1.weight", "9223372036854775807"),
      "checkpoint: 'optimizer.step.conv1.weight' cannot be 9223372036854775807 after 5 steps");
}

TEST(Checkpoint, RefusesForgedEnergies) {
  Trainer trainer(two_epochs(), small_data());
  Trainer other(two_epochs(), small_data());
  other.run_epoch();
  other.run_epoch({.stop = [] { return true; }});
  const State good = copy_of(other.state());
  const auto with = [&](auto&& spoil) {
    State bad = good;
    auto json = nlohmann::ordered_json::parse(bad.values.at("energy"));
    spoil(json["epoch"]["training"], json);
    bad.values["energy"] = json.dump();
    return argument_error_of([&] { trainer.load_state(bad, other.metrics()); });
  };
  EXPECT_EQ(with([](auto&, auto&) {}), "no error");
  EXPECT_EQ(with([](auto& part, auto&) { part["meters"][0]["ticks"] = -5; }),
            "checkpoint: 'energy': 'ticks' cannot be -5");
  EXPECT_EQ(with([](auto& part, auto&) { part["meters"][0]["ticks"] = 1e30; }),
            "checkpoint: 'energy': 'ticks' cannot be 1e+30");
  EXPECT_EQ(with([](auto& part, auto&) { part["meters"][0]["nanoseconds"] = INT64_MAX; }),
            "checkpoint: 'energy': 'nanoseconds' cannot be 9223372036854775807: expected 0 to "
            "2305843009213693952");
  EXPECT_EQ(with([](auto& part, auto&) { part["meters"][0]["idle_joules"] = -0.5; }),
            "checkpoint: 'energy': 'idle_joules' cannot be -0.5");
  EXPECT_EQ(with([](auto& part, auto&) { part["work"]["macs"] = UINT64_MAX; }),
            "checkpoint: 'energy': 'macs' cannot be 18446744073709551615");
  EXPECT_EQ(with([](auto&, auto& all) { all["lost_after"] = {2}; }),
            "checkpoint: 'energy': 'lost_after' cannot be 2: expected 0 to 1");
  const std::string missing = with([](auto&, auto& all) { all.erase("epoch"); });
  EXPECT_TRUE(missing.starts_with("checkpoint: 'energy': ")) << missing;
  EXPECT_TRUE(missing.ends_with("key 'epoch' not found")) << missing;
}

TEST(FolderLock, KeepsTheFolderForOne) {
  const TemporaryFolder folder;
  const std::string run = folder / "a/b", file = run + "/running";
  {
    FolderLock lock(run);
    EXPECT_FALSE(lock.was_left());
    const std::string refused = message_of<ArgumentError>([&] { FolderLock another(run); });
    EXPECT_TRUE(refused.starts_with(str(run, ": process ", getpid(), " on "))) << refused;
    EXPECT_TRUE(fs::exists(file));
  }
  EXPECT_FALSE(fs::exists(folder / "a")) << "what was made for nothing goes";
  {
    FolderLock lock(run);
    lock.keep();
  }
  EXPECT_TRUE(fs::exists(file));
  {
    FolderLock lock(run);
    EXPECT_TRUE(lock.was_left());
  }
  EXPECT_TRUE(fs::exists(file)) << "it still says that a training was killed";
  {
    FolderLock lock(run);
    lock.keep();
    lock.release();
  }
  EXPECT_FALSE(fs::exists(file));
}

TEST(FolderLock, EndsWithItsHolderThoughAChildOfItLives) {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    FolderLock lock(path);
    lock.keep();
    const pid_t child = fork();
    if (child == 0) execlp("sleep", "sleep", "20", nullptr);
    // The exec is what must let go of the lock.
    usleep(200'000);
    if (::write(ready[1], &child, sizeof(child)) != sizeof(child)) _exit(1);
    pause();
  }
  pid_t child = 0;
  ASSERT_EQ(read(ready[0], &child, sizeof(child)), static_cast<ssize_t>(sizeof(child)));
  const std::string refused = message_of<ArgumentError>([&] { FolderLock lock(path); });
  EXPECT_TRUE(refused.starts_with(str(path, ": process ", holder, " on "))) << refused;
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  EXPECT_EQ(kill(child, 0), 0);
  EXPECT_TRUE(FolderLock(path).was_left());
  kill(child, SIGKILL);
  close(ready[0]);
  close(ready[1]);
}

TEST(FolderLock, TakesNoFileOfAnother) {
  const TemporaryFolder folder;
  const std::string file = write(folder / "running", "5 km every morning\nand 10 on Sundays\n");
  EXPECT_EQ(
      data_error_of([&] { FolderLock lock(folder.path()); }),
      file + ": is not the file by which a training keeps its folder to itself; move it away");
  EXPECT_EQ(read_file(file), "5 km every morning\nand 10 on Sundays\n");
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_NE(data_error_of([&] { FolderLock lock(folder.path()); }), "");
  EXPECT_TRUE(fs::is_directory(file));
}

TEST(RunFolder, FilesThatNoRunMadeStay) {
  for (const char* name : {"model.safetensors", "summary.json", "report.html", "metrics.jsonl",
                           "checkpoint.safetensors"}) {
    const TemporaryFolder folder;
    const std::string path = folder.path().string();
    write(folder / name, "somebody's");
    const auto before = contents(path);
    EXPECT_EQ(
        message_of<ArgumentError>([&] { run_in_folder(path, tiny_config(1), Existing::refuse); }),
        str(path, ": holds ", name,
            ", but no run that made it (there is no config.json); --overwrite replaces it"));
    EXPECT_EQ(data_error_of([&] { run_in_folder(path, tiny_config(1), Existing::resume); }),
              str(path, "/config.json: is missing, though ", name,
                  " is there: it is not known how this run was started; --overwrite starts anew"));
    EXPECT_TRUE(contents(path) == before);
  }
}

TEST(RunFolder, ARunThatFailsAtOnceHarmsNoFile) {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  EXPECT_TRUE(message_of<ArgumentError>([&] {
                run_in_folder(path, tiny_config(1), Existing::refuse, {}, {.environment = "{"});
              }).starts_with("the environment of a run must be JSON: "));
  run_in_folder(path, tiny_config(1), Existing::refuse);
  write(folder / "notes.txt", "mine");
  const auto before = contents(path);
  ASSERT_EQ(before.size(), 6u);
  Config missing = tiny_config(1);
  missing.data = folder / "no such folder";
  EXPECT_ANY_THROW(run_in_folder(path, missing, Existing::overwrite));
  EXPECT_TRUE(contents(path) == before);
  EXPECT_THROW(run_in_folder(path, tiny_config(1), Existing::overwrite, {},
                             {.energy = {.budget = energy::Joules(1)}}),
               ArgumentError)
      << "there is no meter";
  EXPECT_TRUE(contents(path) == before);
  {
    const auto subscription =
        nn::forward_observers().add([](const nn::ForwardEvent&) { throw std::bad_alloc(); });
    EXPECT_THROW(run_in_folder(path, tiny_config(1), Existing::overwrite), std::bad_alloc);
  }
  EXPECT_TRUE(contents(path) == before) << "not even one step was done";
  EXPECT_TRUE(run_in_folder(path, tiny_config(1), Existing::overwrite));
  EXPECT_EQ(contents(path)["notes.txt"], "mine");
  EXPECT_NE(contents(path)["summary.json"], before.at("summary.json")) << "other times, at least";
}

TEST(RunFolder, ALostCheckpointIsNotABeginning) {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  run_in_folder(path, tiny_config(2), Existing::refuse);
  fs::remove(folder / "checkpoint.safetensors");
  const auto before = contents(path);
  EXPECT_EQ(data_error_of([&] { run_in_folder(path, tiny_config(2), Existing::resume); }),
            str(path,
                "/checkpoint.safetensors: is missing, though model.safetensors is there: this "
                "run cannot go on; --overwrite starts anew"));
  EXPECT_TRUE(contents(path) == before);
}

TEST(RunFolder, TheModelIsThatOfTheLastEpochThatIsComplete) {
  const TemporaryFolder folder;
  const std::string path = folder / "run";
  int complete = 0;
  const Hooks stops{.on_epoch = [&](const EpochMetrics&) { ++complete; },
                    .stop = [&] { return complete == 2; }};
  EXPECT_FALSE(run_in_folder(path, tiny_config(3), Existing::refuse, stops));
  const Model model = load_model(path);
  EXPECT_EQ(model.epoch, 2);
  EXPECT_EQ(model.epochs, 3);
  EXPECT_FALSE(is_finished(path));
  EXPECT_TRUE(run_in_folder(path, tiny_config(3), Existing::resume));
  EXPECT_EQ(load_model(path).epoch, 3);
  EXPECT_TRUE(is_finished(path));
}

}  // namespace
}  // namespace joule::training
