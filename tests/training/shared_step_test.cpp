// SPDX-License-Identifier: MIT
#include "joule/training/parallel/shared_step.h"

#include "joule/tests/training/training_cases.h"
#include "joule/training/parallel/over_ranks.h"
#include "joule/training/parallel/same_run.h"

namespace joule::training {
namespace {

using namespace training_cases;

/// One of several that all say the same, but for what `others` say.
class Echo final : public parallel::Communicator {
 public:
  explicit Echo(int size) : Communicator(0, size, "here") {}
  std::vector<std::string> gather(std::string_view mine) override {
    std::vector<std::string> all(static_cast<std::size_t>(size()), std::string(mine));
    if (mine != host() && changed) all.back() = changed(all.back());
    return all;
  }
  std::vector<double> gather(std::span<const double> mine) override {
    std::vector<double> all;
    for (int rank = 0; rank < size(); ++rank) all.insert(all.end(), mine.begin(), mine.end());
    return all;
  }
  void meet() override {}
  void start_sum(std::span<float>, parallel::Order) override {}
  void progress() override {}
  void wait() override {}

  std::function<std::string(const std::string&)> changed{};  // what the last one says instead
};

std::string division_error(const Config& config, int ranks) {
  return error_of([&] { division_of(config, Echo(ranks)); });
}

TEST(SharedStep, ABatchIsDividedAsTheConfigurationSays) {
  Division division = division_of(Config{}, Echo(3));
  EXPECT_EQ(division.slices, 3);
  EXPECT_EQ(division.per_rank, 1);
  EXPECT_EQ(division.order, parallel::Order::any);
  EXPECT_FALSE(division_of(Config{}, Echo(1)).divided());
  division = division_of(Config{.slices = 8, .deterministic = true}, Echo(2));
  EXPECT_EQ(division.slices, 8);
  EXPECT_EQ(division.per_rank, 4);
  EXPECT_EQ(division.order, parallel::Order::tree);
}

TEST(SharedStep, WhatCannotBeDividedIsRefused) {
  EXPECT_EQ(division_error({.slices = 4}, 8),
            "slices: 8 processes cannot have the same number of 4 slices: expected a power of two "
            "of processes, up to that");
  EXPECT_EQ(division_error({.deterministic = true}, 2),
            "deterministic: the bits of 2 processes depend on their number unless slices is given: "
            "a power of two that they divide, the same for any number of them");
  EXPECT_EQ(division_error({.slices = 4, .sync_batch_norm = "on"}, 1),
            "sync_batch_norm: needs all slices at the same time, but each of 1 process would run 4 "
            "of them one after another");
  EXPECT_EQ(division_error({.device = "cuda"}, 2),
            "device: a batch is divided into 2 slices on the CPU alone, got cuda");
  EXPECT_EQ(error_of([] { check({.slices = 3}); }), "slices: expected 0 or a power of two, got 3");
  EXPECT_EQ(error_of([] { check({.batch = 8, .slices = 16}); }),
            "slices: a batch of 8 images cannot be cut into 16");
  Config config = small_config();
  config.slices = 16;  // 50 images to train on: 16, 16, 16 and 2
  EXPECT_EQ(error_of([&] { Trainer(config, small_data()); }),
            "batch: the smallest of an epoch has 2 images, and is divided into 16 slices: expected "
            "at least one image for each; choose another batch size");
}

TEST(SharedStep, SlicesComeToTheSameAsTheWholeBatch) {
  Config config = small_config();
  config.lr = 0.01;
  Trainer whole(config, small_data());
  config.slices = 2;
  Trainer sliced(config, small_data());
  while (!whole.finished()) {
    ASSERT_TRUE(whole.run_epoch());
    ASSERT_TRUE(sliced.run_epoch());
    const EpochMetrics &a = whole.metrics().back(), &b = sliced.metrics().back();
    EXPECT_NEAR(b.train_loss / a.train_loss, 1, 1e-4);
    EXPECT_NEAR(b.l0_penalty / a.l0_penalty, 1, 1e-4);
    EXPECT_NEAR(b.test_loss / a.test_loss, 1, 1e-4);
    EXPECT_EQ(b.energy.training.work.work.macs, a.energy.training.work.work.macs);
    EXPECT_FALSE(b.ranks);
  }
}

TEST(SharedStep, ASlicedRunContinuesBitForBit) {
  Config config = small_config();
  config.slices = 2;
  Trainer whole(config, small_data());
  whole.run_epoch();
  whole.run_epoch();
  Trainer first(config, small_data());
  first.run_epoch();
  int steps = 0;
  ASSERT_FALSE(first.run_epoch({.stop = [&] { return ++steps == 2; }}));
  Trainer second(config, small_data());
  second.load_state(first.state(), first.metrics());
  second.run_epoch();
  EXPECT_EQ(second.metrics().back().train_loss, whole.metrics().back().train_loss);
  EXPECT_EQ(second.metrics().back().test_loss, whole.metrics().back().test_loss);
}

TEST(SameRun, WhatDiffersIsNamed) {
  const DataSplit data = small_data();
  Echo ranks(3);
  require_same_configuration(ranks, Config{});
  require_same_data(ranks, data);
  ranks.changed = [](const std::string& text) { return text + " other"; };
  EXPECT_EQ(error_of([&] { require_equal(ranks, "thing", "mine"); }),
            "rank 2 on here has another thing than rank 0 on here: mine other there, mine here");
  const std::string version = error_of([&] { require_same_configuration(ranks, Config{}); });
  EXPECT_TRUE(version.starts_with("rank 2 on here has another version of Joule than rank 0"))
      << version;
  ranks.changed = [](const std::string& text) {
    return text.starts_with('{') ? to_json(Config{.image_cache = 7, .lr = 0.25}) : text;
  };
  EXPECT_EQ(error_of([&] { require_same_configuration(ranks, Config{}); }),
            "rank 2 on here has another configuration than rank 0 on here: lr is 0.05, got 0.25");
}

TEST(SameRun, EveryPixelAndLabelIsCompared) {
  std::vector<std::string> told;
  Echo ranks(2);
  ranks.changed = [&](const std::string& text) {
    told.push_back(text);
    return text;
  };
  const auto fingerprint = [&](const DataSplit& data) {
    told.clear();
    require_same_data(ranks, data);
    return told;
  };
  const DataSplit data = small_data();
  const auto same = fingerprint(data);
  ASSERT_EQ(same.size(), 2u);  // of both halves
  EXPECT_EQ(fingerprint(small_data()), same);
  DataSplit changed = data;
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(*data.train.pixels);
  pixels->back() ^= 1;
  changed.train.pixels = pixels;
  EXPECT_NE(fingerprint(changed)[0], same[0]);
  changed = data;
  changed.test.labels.back() = (changed.test.labels.back() + 1) % 4;
  EXPECT_EQ(fingerprint(changed)[0], same[0]);
  EXPECT_NE(fingerprint(changed)[1], same[1]);

  DataSplit floats = data;
  floats.train.pixels = nullptr;
  const auto values = std::make_shared<std::vector<float>>(data.train.pixels->size(), 0.5f);
  floats.train.values = values;
  const auto of_floats = fingerprint(floats);
  values->back() = 0.25f;
  EXPECT_NE(fingerprint(floats)[0], of_floats[0]);
}

TEST(OverRanks, OneProcessIsUnchanged) {
  const auto ranks = parallel::alone();
  EXPECT_TRUE(is_first_on_host(*ranks));
  EXPECT_FALSE(communication(*ranks, {.bytes = 1, .seconds = 1}));
  EXPECT_FALSE(of_all({}, *ranks).over_all);
}

TEST(OverRanks, ACounterOfAMachineCountsOnce) {
  Echo ranks(4);  // all on one machine
  const Accounting all = of_all({}, ranks);
  ASSERT_TRUE(all.over_all);
  EXPECT_TRUE(all.meters_all);
  energy::WindowSum sum{.meter = "rapl", .scope = "package 0", .unit = energy::Joules(1)};
  sum.ticks = 5;
  PartEnergy mine{.measured = {sum}, .work = {.calls = 3}};
  const PartEnergy lap = all.over_all(mine);
  ASSERT_EQ(lap.measured.size(), 1u);
  EXPECT_EQ(lap.measured[0], sum);
  EXPECT_EQ(lap.work.calls, 12);
}

/// Two ranks, each on a machine of its own.
class TwoMachines final : public parallel::Communicator {
 public:
  TwoMachines() : Communicator(0, 2, "a") {}
  std::vector<std::string> gather(std::string_view mine) override {
    return {std::string(mine), mine == "a" ? "b" : std::string(mine)};
  }
  std::vector<double> gather(std::span<const double> mine) override {
    std::vector<double> all(mine.begin(), mine.end());
    all.insert(all.end(), mine.begin(), mine.end());
    return all;
  }
  void meet() override {}
  void start_sum(std::span<float>, parallel::Order) override {}
  void progress() override {}
  void wait() override {}
};

TEST(OverRanks, CountersOfSeveralMachinesAddUpAndSayWhoseTheyAre) {
  TwoMachines ranks;
  const Accounting all = of_all({}, ranks);
  EXPECT_FALSE(all.meters_all);
  energy::WindowSum sum{.meter = "rapl", .scope = "package 0", .unit = energy::Joules(1)};
  sum.ticks = 5;
  const PartEnergy lap = all.over_all({.measured = {sum}, .work = {}});
  ASSERT_EQ(lap.measured.size(), 2u);
  EXPECT_EQ(lap.measured[0].scope, "package 0 of a");
  EXPECT_EQ(lap.measured[1].scope, "package 0 of b");
  Accounting with_budget;
  with_budget.budget = energy::Joules(1);
  EXPECT_EQ(error_of([&] { of_all(with_budget, ranks); }),
            "energy budget: can be kept on one machine, these processes are on 2");
}

}  // namespace
}  // namespace joule::training
