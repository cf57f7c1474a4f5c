// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/random.h"
#include "joule/data/synthetic.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/net.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/small_runs.h"
#include "joule/tests/training/training_cases.h"
#include "joule/training/run/run.h"
#include "joule/training/run/summary_json.h"
#include "joule/training/trainer.h"

namespace joule::training {
namespace {

using namespace training_cases;

std::vector<float> weights(Trainer& trainer) {
  std::vector<float> all;
  for (const auto& [name, tensor] : trainer.model().net.parameters()) {
    all.insert(all.end(), tensor.values<float>().begin(), tensor.values<float>().end());
  }
  return all;
}

/// A state whose tensors are its own, as one that was read from a file.
State copy_of(const State& state) {
  State copy = state;
  for (auto& [name, tensor] : copy.tensors) tensor = tensor.clone();
  return copy;
}

TEST(Trainer, GoesOnFromAnyStep) {
  Trainer reference(small_config(), small_data());
  while (!reference.finished()) reference.run_epoch();

  // One trainer per step, and one for the evaluation at the end of each epoch.
  std::vector<EpochMetrics> metrics;
  State state = copy_of(Trainer(small_config(), small_data()).state());
  for (int part = 0; part < 10; ++part) {
    Trainer resumed(small_config(), small_data());
    resumed.load_state(state, metrics);
    const bool only_evaluation_is_left = resumed.batch() == 4;
    EXPECT_EQ(only_evaluation_is_left, part % 5 == 4);
    EXPECT_EQ(resumed.run_epoch({.stop = [&] { return !only_evaluation_is_left; }}),
              only_evaluation_is_left);
    state = copy_of(resumed.state());
    metrics = resumed.metrics();
  }
  Trainer resumed(small_config(), small_data());
  resumed.load_state(state, metrics);
  EXPECT_TRUE(resumed.finished());
  EXPECT_EQ(weights(resumed), weights(reference));
  ASSERT_EQ(resumed.metrics().size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(resumed.metrics()[i].train_loss, reference.metrics()[i].train_loss);
    EXPECT_EQ(resumed.metrics()[i].l0_penalty, reference.metrics()[i].l0_penalty);
    EXPECT_EQ(resumed.metrics()[i].validation_loss, reference.metrics()[i].validation_loss);
    EXPECT_EQ(resumed.metrics()[i].test_loss, reference.metrics()[i].test_loss);
    EXPECT_EQ(resumed.metrics()[i].energy.validation.work.work,
              reference.metrics()[i].energy.validation.work.work);
  }
  for (const Phase phase : {Phase::forward, Phase::backward, Phase::update}) {
    EXPECT_EQ(resumed.work()[phase].work, reference.work()[phase].work);
    EXPECT_EQ(resumed.work()[phase].calls, reference.work()[phase].calls);
  }
}

TEST(Trainer, GoesOnWithWhatEveryRuleKeeps) {
  std::vector<Config> configs(4, small_config());
  configs[0].optimizer = "adam";
  configs[0].amsgrad = configs[0].cycle_momentum = "on";
  configs[1].optimizer = "rmsprop";
  configs[1].centred = "on";
  configs[1].lr = 1e-3;
  configs[2].dampening = 0.5;
  configs[2].weight_decay_biases = "off";
  configs[3].optimizer = "adam";
  configs[3].beta1 = 0.5;
  configs[3].epsilon = 1e-4;
  configs[3].shuffle = configs[3].normalize = "off";
  for (const Config& config : configs) {
    SCOPED_TRACE(config.optimizer);
    Trainer reference(config, small_data());
    while (!reference.finished()) reference.run_epoch();
    Trainer begun(config, small_data());
    int steps = 0;
    begun.run_epoch({.stop = [&] { return ++steps == 3; }});
    const State state = copy_of(begun.state());
    Trainer resumed(config, small_data());
    resumed.load_state(state);
    EXPECT_EQ(resumed.batch(), 3);
    while (!resumed.finished()) resumed.run_epoch();
    EXPECT_EQ(weights(resumed), weights(reference));
    EXPECT_EQ(parse_config(to_json(config), "c"), config);
    // A checkpoint without what the rule keeps is none of this run.
    State without = state;
    std::erase_if(without.tensors, [](const auto& entry) {
      return entry.first.find("second_moment.") != std::string::npos ||
             entry.first.find("gradient_average.") != std::string::npos ||
             entry.first.find("velocity.") != std::string::npos;
    });
    Trainer refuses(config, small_data());
    EXPECT_NE(error_of([&] { refuses.load_state(without); }).find("has no "), std::string::npos);
  }
}

TEST(Trainer, TakesTheImagesInTheirOrderIfAsked) {
  Config config = small_config();
  Trainer shuffled(config, small_data());
  shuffled.run_epoch();
  config.shuffle = "off";
  Trainer ordered(config, small_data());
  ordered.run_epoch();
  EXPECT_NE(weights(ordered), weights(shuffled));
}

TEST(Trainer, TakesTheMomentumOfTheSchedule) {
  Config config = small_config();
  config.cycle_momentum = "on";
  Trainer trainer(config, small_data());
  trainer.run_epoch({.stop = [] { return true; }});
  EXPECT_EQ(trainer.state().values.at("optimizer.current_momentum"), "0.95");
}

TEST(Trainer, RampsThePenaltyUp) {
  Config config = small_config();
  config.validation = 0;
  config.l0_warmup = 2;
  Trainer ramped(config, small_data());
  ramped.run_epoch();
  config.l0_warmup = 0;
  Trainer full(config, small_data());
  full.run_epoch();
  // Over the first of two epochs lambda is 0, 1/8, 2/8 and 3/8 of the whole; the last batch is
  // half.
  const double ratio = ramped.metrics()[0].l0_penalty / full.metrics()[0].l0_penalty;
  EXPECT_NEAR(ratio, (16 * (0 + 1 + 2) + 8 * 3) / 8.0 / 56, 0.02);
}

TEST(Trainer, RefusesAStateOfAnotherRunAndStaysAsItWas) {
  Trainer trainer(small_config(), small_data());
  const std::vector<float> before = weights(trainer);
  Trainer other(small_config(), small_data());
  other.run_epoch();
  const State good = copy_of(other.state());
  const auto refused = [&](auto&& spoil) {
    State bad = good;
    spoil(bad);
    const std::string error = error_of([&] { trainer.load_state(bad, other.metrics()); });
    EXPECT_EQ(weights(trainer), before);
    EXPECT_EQ(trainer.epoch(), 0);
    return error;
  };
  EXPECT_EQ(refused([](State& s) { s.values.erase("position"); }),
            "checkpoint: 'position' is missing");
  EXPECT_EQ(refused([](State& s) { s.values["position"] = "1 x"; }),
            "checkpoint: 'position' cannot be '1 x'");
  EXPECT_EQ(refused([](State& s) { s.values["position"] = "1 5"; }),
            "checkpoint: there is no epoch 1, step 5 in this run");
  EXPECT_EQ(refused([](State& s) { s.values["position"] = "2 1"; }),
            "checkpoint: there is no step 1 after the last epoch");
  EXPECT_EQ(refused([](State& s) { s.values["position"] = "0 1"; }),
            "checkpoint: there are metrics of 1 epochs, it covers 0");
  EXPECT_EQ(error_of([&] { trainer.load_state(good); }),
            "checkpoint: there are metrics of 0 epochs, it covers 1");
  EXPECT_EQ(refused([](State& s) { s.values["energy"] = test::nested_json(75000); }),
            "checkpoint: 'energy': nested more than 64 deep");
  EXPECT_EQ(refused([](State& s) {
              std::string& energy = s.values["energy"];
              energy.replace(energy.find("\"lost_after\":[]"), 15, "\"lost_after\":[1e30]");
            }),
            "checkpoint: 'energy': cannot be 1e+30");
  EXPECT_NE(refused([](State& s) { s.values["optimizer.optimizer"] = "adam"; }), "no error");
  EXPECT_NE(refused([](State& s) { s.values["schedule.schedule"] = "cosine"; }), "no error");
  EXPECT_NE(refused([](State& s) { s.tensors.erase("model.conv1.weight"); }), "no error");
}

TEST(Trainer, ACheckpointSaysWhichNetItIsOf) {
  Trainer trainer(small_config(), small_data());
  State state = trainer.state();
  EXPECT_EQ(nn::parse_graph(state.values.at("net"), "checkpoint").name, "lenet5");
  state.values["net"] = "{}";
  EXPECT_EQ(error_of([&] { trainer.load_state(state); }),
            "checkpoint: 'net' is another graph than lenet5's");
  state.values.erase("net");  // of an earlier Joule
  EXPECT_NO_THROW(trainer.load_state(state));
}

TEST(Trainer, StopsWhenTheNetCannotLearn) {
  Config config = small_config();
  config.schedule = "constant";
  config.lr = 1e30;
  for (const double clip_norm : {0, 1}) {  // there the gradients are found out first
    config.clip_norm = clip_norm;
    Trainer exploded(config, small_data());
    EXPECT_EQ(error_of([&] { exploded.run_epoch(); }),
              "training stopped at epoch 1, step 2 of 4: the loss is nan; try a smaller --lr or "
              "--l0-lambda or --clip-norm 1");
  }

  config.lr = 0.1;
  config.clip_norm = 1;
  config.l0_lambda = 1000;
  config.epochs = 40;
  Trainer killed(config, small_data());
  const std::string error = error_of([&] {
    while (!killed.finished()) killed.run_epoch();
  });
  EXPECT_NE(error.find(": layer relu"), std::string::npos) << error;
  EXPECT_NE(error.find("has been silent for 20 steps, every unit of it"), std::string::npos);
  EXPECT_NE(error.find("try a longer --l0-warmup or a smaller --l0-lambda"), std::string::npos);
}

TEST(Trainer, NoPenaltyThatIsNotFiniteIsAddedUp) {
  Config config = small_config();
  config.schedule = "constant";
  config.lr = 1e6;  // the second step has activations whose squares overflow, and a finite loss
  Trainer trainer(config, small_data());
  int steps = 0;
  error_of([&] { trainer.run_epoch({.stop = [&] { return ++steps == 2; }}); });
  EXPECT_EQ(trainer.state().values.at("sums").find("nan"), std::string::npos);
}

TEST(Config, IsReadBackAsItWasWritten) {
  Config config = small_config();
  config.lr = 0.1;
  config.seed = 18446744073709551615u;
  EXPECT_EQ(parse_config(to_json(config), "c"), config);
  Config other = config;
  other.lr = 0.2;
  other.l0_layers = "all";
  EXPECT_EQ(differences(config, other), "lr is 0.1, got 0.2, l0_layers is \"relu\", got \"all\"");
  EXPECT_EQ(differences(config, config), "");
}

TEST(Config, OfBeforeTheCutoffHasNone) {
  std::string text = to_json(Config{});
  EXPECT_EQ(parse_config(text, "c").l0_cutoff, 10);
  const std::string line = "  \"l0_cutoff\": 10.0,\n";
  const auto at = text.find(line);
  ASSERT_NE(at, std::string::npos) << text;
  text.erase(at, line.size());
  EXPECT_EQ(parse_config(text, "c").l0_cutoff, 0) << "what such a run did";
  Config again;
  read_config(again, text, "c");
  EXPECT_EQ(again.l0_cutoff, 0) << "the same run once more";
  Config wishes;
  read_config(wishes, R"({"lr": 0.2})", "c");
  EXPECT_EQ(wishes.l0_cutoff, 10);
}

TEST(Config, LetsTheCpuConvolveByWinogradOnlyIfAskedTo) {
  Config config = small_config();
  EXPECT_EQ(algorithms(config), Algorithms::direct);
  EXPECT_EQ(products_in(config), "f32");
  std::string earlier = to_json(config);  // without the field
  const std::size_t at = earlier.find("\"algorithms\"");
  ASSERT_NE(at, std::string::npos);
  earlier.erase(at, earlier.find('\n', at) - at);
  EXPECT_EQ(parse_config(earlier, "c"), config);
  config.algorithms = "winograd-2x2";
  EXPECT_EQ(algorithms(config), Algorithms::winograd_2x2);
  config.algorithms = "winograd";
  EXPECT_EQ(algorithms(config), Algorithms::winograd_4x4);
  EXPECT_EQ(products_in(config), "f32, convolutions also by winograd");
  config.device = "cuda";
  EXPECT_EQ(error_of([&] { check(config); }),
            "algorithms: Winograd's are for the CPU, got 'winograd' with device cuda");
}

TEST(Config, RefusesWhatIsNotOne) {
  const std::string good = to_json(Config{});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return error_of([&] { parse_config(text, "run/config.json"); });
  };
  EXPECT_EQ(with("{", "["), "run/config.json: not JSON at byte 12");
  EXPECT_EQ(with("\"lr\"", "\"rl\""), "run/config.json: 'lr' is missing");
  EXPECT_EQ(with("\"batch\": 128", "\"batch\": 2.5"), "run/config.json: 'batch' cannot be 2.5");
  EXPECT_EQ(with("\"batch\": 128", "\"batch\": \"x\""), "run/config.json: 'batch' cannot be \"x\"");
  EXPECT_EQ(with("\"batch\": 128", "\"batch\": 1e400"),
            "run/config.json: a number is out of the range of a double");
  EXPECT_EQ(with("\"batch\": 128", "\"batch\": 1e300"),
            "run/config.json: 'batch' cannot be 1e+300");
  EXPECT_EQ(with("\"batch\": 128", "\"batch\": true"), "run/config.json: 'batch' cannot be true");
  EXPECT_EQ(with("\"threads\": 0", "\"threads\": 4294967296"),
            "run/config.json: 'threads' cannot be 4294967296");
  EXPECT_EQ(with("\"seed\": 1", "\"seed\": -1"), "run/config.json: 'seed' cannot be -1");
  EXPECT_EQ(with("\"batch\": 128", "\"batch\": 128, \"batch\": 64"),
            "run/config.json: the member \"batch\" is there twice");
  EXPECT_EQ(with("\"batch\": 128", "\"batch\": " + test::nested_json(75000)),
            "run/config.json: nested more than 64 deep");
  EXPECT_EQ(with("{", "{\"more\": 1,"), "run/config.json: there is no 'more'");
}

TEST(Metrics, AreReadBackExactly) {
  const std::vector<EpochMetrics> metrics{
      {.epoch = 1, .train_loss = 0.1, .validation_accuracy = 1.0 / 7, .test_loss = 1.0 / 3},
      {.epoch = 2, .train_loss = 1e-300}};
  const std::string text = to_jsonl(metrics);
  EXPECT_EQ(to_jsonl(parse_jsonl(text)), text);
  EXPECT_EQ(parse_jsonl(text)[0].test_loss, 1.0 / 3);
  EXPECT_EQ(parse_jsonl(text)[0].validation_accuracy, 1.0 / 7);
  EXPECT_FALSE(parse_jsonl(text)[1].validation_accuracy);
  EXPECT_EQ(error_of([] { parse_jsonl("{\"epoch\":1"); }),
            "metrics: not a line of an epoch: not JSON at byte 11");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string line = to_jsonl({metrics.data(), 1});
    line.replace(line.find(from), from.size(), to);
    return error_of([&] { parse_jsonl(line); });
  };
  EXPECT_EQ(with("\"epoch\":1", "\"epoch\":1.5"),
            "metrics: not a line of an epoch: 'epoch' cannot be 1.5");
  EXPECT_EQ(with("\"macs\":0", "\"macs\":1e30"),
            "metrics: not a line of an epoch: 'macs' cannot be 1e+30");
  EXPECT_EQ(with("\"macs\":0", "\"macs\":0,\"macs\":1"),
            "metrics: not a line of an epoch: the member \"macs\" is there twice");
  EXPECT_EQ(with("\"epoch\":1", "\"epoch\":" + test::nested_json(75000)),
            "metrics: not a line of an epoch: nested more than 64 deep");
}

/// A net that never changes: the means over an epoch are those of an evaluation.
Config still_config() {
  return {.model = "lenet5",
          .data = "synthetic",
          .validation = 0,
          .epochs = 2,
          .batch = 16,
          .lr = 1e-30,
          .weight_decay = 0,
          .schedule = "constant",
          .l0_lambda = 0.25,
          .deterministic = true};
}

TEST(Trainer, MetricsAreMeansOverTheImages) {
  const DataSplit data = small_data();
  Trainer trainer(still_config(), data);
  trainer.run_epoch();
  const EpochMetrics& metrics = trainer.metrics()[0];
  EXPECT_EQ(metrics.epoch, 1);
  const auto on_train = evaluate(trainer.model().net, data.train);
  EXPECT_NEAR(metrics.train_loss, on_train->loss, 1e-5);
  EXPECT_EQ(metrics.train_accuracy, on_train->accuracy());
  const auto on_test = evaluate(trainer.model().net, data.test);
  EXPECT_NEAR(metrics.test_loss, on_test->loss, 1e-6);
  EXPECT_EQ(metrics.test_accuracy, on_test->accuracy());
  EXPECT_EQ(metrics.relu_outputs, all_relus(*on_test).values);
  EXPECT_EQ(metrics.relu_outputs_nonzero, all_relus(*on_test).nonzeros);
  EXPECT_GT(metrics.relu_outputs_nonzero, 0);
  const NoGrad no_grad;
  const DataLoader loader(data.train, {.batch = 56, .shuffle = false});
  const auto [logits, taps] = trainer.model().net.forward_with_taps((*loader.begin()).images);
  EXPECT_NEAR(metrics.l0_penalty, l0_penalty(taps, {.lambda = 0.25f, .sigma = 1e-4f}).item(), 1e-5);
  EXPECT_GT(metrics.seconds, 0);
  EXPECT_DOUBLE_EQ(metrics.images_per_second, 56 / metrics.seconds);
}

TEST(Trainer, TellsOfEveryStep) {
  Trainer trainer(still_config(), small_data());
  std::vector<Progress> seen;
  std::vector<std::int64_t> epochs;
  const Hooks hooks{.on_progress = [&](const Progress& p) { seen.push_back(p); },
                    .on_epoch = [&](const EpochMetrics& m) { epochs.push_back(m.epoch); }};
  while (!trainer.finished()) trainer.run_epoch(hooks);
  EXPECT_EQ(epochs, (std::vector<std::int64_t>{1, 2}));
  ASSERT_EQ(seen.size(), 8u);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(seen[i].epoch, i < 4 ? 1 : 2);
    EXPECT_EQ(seen[i].batch, static_cast<std::int64_t>(i % 4 + 1));
    EXPECT_EQ(seen[i].batches, 4);
    EXPECT_GT(seen[i].images_per_second, 0);
    if (i < 7) {
      EXPECT_GT(*seen[i].seconds_left, 0);
    }
  }
  EXPECT_EQ(seen[7].seconds_left, 0);
  EXPECT_NEAR(seen[3].loss, trainer.metrics()[0].train_loss, 1e-12);
  EXPECT_EQ(error_of([&] { trainer.run_epoch(); }), "training: all 2 epochs are done");
}

TEST(Trainer, ShowsTheNetAfterEachEpochAndWhatIsRunThenCountsNowhere) {
  for (const double held_back : {0.0, 0.25}) {
    Config config = small_config();
    config.validation = held_back;
    Trainer plain(config, small_data());
    while (!plain.finished()) plain.run_epoch();

    Trainer trainer(config, small_data());
    const std::int64_t judged =
        held_back > 0 ? trainer.learning().validation.size() : small_data().test.size();
    std::int64_t epochs = 0;
    const Hooks hooks{.on_evaluated = [&](const EpochView& view) {
      EXPECT_EQ(view.metrics.epoch, ++epochs);
      EXPECT_EQ(&view.net, &trainer.model().net);
      EXPECT_EQ(view.judged.size(), judged);
      EXPECT_EQ(view.evaluation.accuracy(), view.metrics.test_accuracy);
      EXPECT_GT(view.learning_rate, 0);
      EXPECT_EQ(evaluate(view.net, view.judged)->images, judged);
    }};
    while (!trainer.finished()) trainer.run_epoch(hooks);
    EXPECT_EQ(epochs, trainer.epoch());
    EXPECT_EQ(weights(trainer), weights(plain));
    for (std::size_t i = 0; i < plain.metrics().size(); ++i) {
      EXPECT_EQ(whole(trainer.metrics()[i].energy).work.work,
                whole(plain.metrics()[i].energy).work.work);
    }
  }
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(double{a[i]} - b[i], 2);
  return std::sqrt(squares);
}

TEST(Trainer, AStepIsTheLearningRateTimesTheClippedGradient) {
  Config config = still_config();
  config.momentum = 0;
  config.clip_norm = 0.01;
  config.lr = 0.5;
  config.schedule = "cosine";  // the first step is the largest
  Trainer trainer(config, small_data());
  const std::vector<float> before = weights(trainer);
  trainer.run_epoch({.stop = [] { return true; }});
  EXPECT_NEAR(distance(weights(trainer), before), 0.5 * 0.01, 1e-5);
  EXPECT_EQ(trainer.state().values.at("optimizer.learning_rate"), "0.5");
  for (const auto& [name, tensor] : trainer.model().net.parameters()) {
    EXPECT_FALSE(tensor.grad().defined()) << name;
  }
}

TEST(Trainer, ChoosesByTheImagesThatAreHeldBack) {
  Config config = still_config();
  config.validation = 0.25;
  config.schedule = "plateau";
  const DataSplit data = small_data();
  Trainer trainer(config, data);
  EXPECT_EQ(trainer.learning().train.size(), 42);
  EXPECT_EQ(trainer.learning().validation.size(), 14);
  trainer.run_epoch();
  trainer.run_epoch();
  const EpochMetrics& metrics = trainer.metrics()[0];
  const auto held_back = evaluate(trainer.model().net, trainer.learning().validation);
  EXPECT_NEAR(*metrics.validation_loss, held_back->loss, 1e-6);
  EXPECT_EQ(metrics.validation_accuracy, held_back->accuracy());
  EXPECT_NE(*metrics.validation_loss, metrics.test_loss);
  EXPECT_NEAR(metrics.train_loss, evaluate(trainer.model().net, trainer.learning().train)->loss,
              1e-5);
  const auto values = trainer.state().values;
  EXPECT_EQ(std::stod(values.at("schedule.best")), *metrics.validation_loss);
  EXPECT_EQ(values.at("schedule.bad"), "1");
}

TEST(Trainer, TheTestImagesDecideNothing) {
  Config config = small_config();
  config.validation = 0.25;
  config.schedule = "plateau";
  config.epochs = 4;
  DataSplit data = small_data();
  Trainer one(config, data);
  while (!one.finished()) one.run_epoch();
  std::ranges::fill(data.test.labels, 3);
  Trainer other(config, data);
  while (!other.finished()) other.run_epoch();
  EXPECT_NE(one.metrics()[3].test_loss, other.metrics()[3].test_loss);
  EXPECT_EQ(one.metrics()[3].validation_loss, other.metrics()[3].validation_loss);
  EXPECT_EQ(weights(one), weights(other));
  for (const auto& [name, value] : one.state().values) {
    if (!name.starts_with("schedule.")) continue;
    EXPECT_EQ(other.state().values.at(name), value) << name;
  }
}

TEST(Trainer, WithoutValidationItChoosesNothing) {
  Config config = still_config();
  Trainer trainer(config, small_data());
  EXPECT_EQ(trainer.learning().train.size(), 56);
  trainer.run_epoch();
  EXPECT_FALSE(trainer.metrics()[0].validation_accuracy);
  EXPECT_FALSE(trainer.metrics()[0].validation_loss);
  config.schedule = "plateau";
  EXPECT_EQ(
      error_of([&] { Trainer(config, small_data()); }),
      "validation: the plateau schedule goes by the loss on images that are held back, got 0");
  config.schedule = "constant";
  for (const double share : {1.0, -0.5}) {
    config.validation = share;
    EXPECT_EQ(error_of([&] { check(config); }),
              str("validation: expected a share from 0 to below 1, got ", share));
  }
}

TEST(Trainer, TheLimitComesBeforeTheSplit) {
  Config config = still_config();
  config.validation = 0.25;
  config.limit = 16;
  const Trainer trainer(config, small_data());
  EXPECT_EQ(trainer.learning().train.size(), 12);
  EXPECT_EQ(trainer.learning().validation.size(), 4);
  for (const std::int64_t at : trainer.learning().validation.indices) EXPECT_LT(at, 16);
}

TEST(Trainer, AReluThatIsNotSilentStartsTheCountAnew) {
  Trainer trainer(still_config(), small_data());
  State state = copy_of(trainer.state());
  state.values["silent.relu1"] = "19";
  trainer.load_state(state);
  trainer.run_epoch({.stop = [] { return true; }});
  EXPECT_EQ(trainer.state().values.at("silent.relu1"), "0");
}

TEST(Trainer, LoadStateRestoresTheRandomNumbers) {
  Trainer trainer(still_config(), small_data());
  const RandomState saved = default_generator().state();
  const State state = copy_of(trainer.state());
  manual_seed(99);
  trainer.load_state(state);
  EXPECT_EQ(default_generator().state(), saved);
}

TEST(Trainer, TakesTheFirstImagesOfEachHalf) {
  Config config = still_config();
  config.limit = 17;
  Trainer trainer(config, small_data());
  trainer.run_epoch();
  EXPECT_EQ(trainer.evaluation()->images, 17);
  EXPECT_EQ(trainer.work()[Phase::update].calls, 2 * 10) << "two steps, ten parameters";
}

TEST(Summary, NamesEveryCountByItsName) {
  Evaluation evaluation{
      .images = 4, .correct = 3, .loss = 0.5, .classes = 2, .confusion = {2, 1, 0, 1}};
  evaluation.relus = {{"a", 8, 2}, {"b", 2, 1}};
  energy::Ledger::Line line{};
  line.work = {.macs = 100, .bytes_read = 1000, .bytes_written = 2000};
  line.tally = {.macs_skippable = 60, .macs_skipped = 20};
  line.run = {"conv2d", "reference", {"a", Phase::forward}};
  evaluation.work = {line, line};
  const nlohmann::json json = json_of(evaluation);
  EXPECT_EQ(json["test_accuracy"], 0.75);
  EXPECT_EQ(json["test_images"], 4);
  EXPECT_EQ(json["relu_density"], (nlohmann::json{{"a", 0.25}, {"b", 0.5}}));
  EXPECT_EQ(json["relu_outputs"], 10);
  EXPECT_EQ(json["relu_outputs_nonzero"], 3);
  EXPECT_EQ(json["confusion"], (nlohmann::json{{2, 1}, {0, 1}}));
  const nlohmann::json counts{{"macs", 200},
                              {"macs_skippable", 120},
                              {"macs_skipped", 40},
                              {"bytes_read", 2000},
                              {"bytes_written", 4000}};
  EXPECT_EQ(json["inference"]["work"], counts);
  const auto& energy = json["inference"]["modelled_energy"]["horowitz45"];
  EXPECT_LT(energy["ideal"]["value"], energy["executed"]["value"]);
  EXPECT_LT(energy["executed"]["value"], energy["none"]["value"]);
  const RunResult run{
      .evaluation = evaluation, .work = {{Phase::update, line}}, .parameters = 9, .seconds = 1.5};
  const nlohmann::json of_run = json_of(run);
  EXPECT_EQ(of_run["parameters"], 9);
  EXPECT_EQ(of_run["training_seconds"], 1.5);
  EXPECT_EQ(of_run["training"]["work"]["update"]["macs_skippable"], 60);
}

}  // namespace
}  // namespace joule::training
