// SPDX-License-Identifier: MIT
// What the names in a configuration stand for, and which configurations are none.
#include "joule/training/components.h"

#include "joule/optim/optimizers.h"
#include "joule/tests/support/op_test.h"

namespace joule::training {
namespace {

using namespace test;

std::vector<NamedTensor> parameters() { return {{"weight", Tensor::full({2}, 1)}}; }

std::string value(const State& state, const std::string& key) {
  const auto found = state.values.find(key);
  return found == state.values.end() ? "" : found->second;
}

TEST(MakeOptimizer, HandsTheOptionsOn) {
  Config config{.lr = 0.5, .momentum = 0.75, .weight_decay = 0.25};
  for (const std::string name : {"sgd", "adam", "adamw", "rmsprop"}) {
    config.optimizer = name;
    const State state = make_optimizer(config, parameters())->state();
    EXPECT_EQ(value(state, "optimizer"), name);
    EXPECT_EQ(value(state, "learning_rate"), "0.5") << name;
    EXPECT_EQ(value(state, "weight_decay"), "0.25") << name;
    const bool has_momentum = name == "sgd" || name == "rmsprop";
    EXPECT_EQ(value(state, "momentum"), has_momentum ? "0.75" : "") << name;
    EXPECT_EQ(value(state, "nesterov"), name == "sgd" ? "true" : "") << name;
  }
  config.optimizer = "sgd";
  config.nesterov = "off";
  EXPECT_EQ(value(make_optimizer(config, parameters())->state(), "nesterov"), "false");
  config.nesterov = "on";
  config.momentum = 0;
  EXPECT_EQ(value(make_optimizer(config, parameters())->state(), "nesterov"), "false");
}

TEST(MakeOptimizer, HandsOnTheOptionsThatSomeRulesHave) {
  const auto state_of = [](const Config& config) {
    check(config);
    return make_optimizer(config, parameters())->state();
  };
  const State damped = state_of({.optimizer = "sgd", .dampening = 0.25});
  EXPECT_EQ(value(damped, "dampening"), "0.25");
  EXPECT_EQ(value(damped, "nesterov"), "false");
  for (const std::string name : {"adam", "adamw"}) {
    EXPECT_EQ(value(state_of({.optimizer = name, .amsgrad = "on"}), "amsgrad"), "true");
    EXPECT_TRUE(state_of({.optimizer = name, .amsgrad = "on"})
                    .tensors.contains("max_second_moment.weight"));
  }
  const State adam = state_of({.optimizer = "adam", .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.125});
  EXPECT_EQ(value(adam, "beta1"), "0.5");
  EXPECT_EQ(value(adam, "beta2"), "0.75");
  EXPECT_EQ(value(adam, "epsilon"), "0.125");
  EXPECT_EQ(value(state_of({.optimizer = "rmsprop", .alpha = 0.75}), "alpha"), "0.75");
  const State lars = state_of({.optimizer = "lars",
                               .lr = 0.5,
                               .momentum = 0.75,
                               .weight_decay = 0.25,
                               .lr_biases = 0.125,
                               .trust = 0.0625});
  EXPECT_EQ(value(lars, "optimizer"), "lars");
  EXPECT_EQ(value(lars, "learning_rate"), "0.5");
  EXPECT_EQ(value(lars, "lr_biases_per_lr"), "0.25");
  EXPECT_EQ(value(lars, "trust"), "0.0625");
  EXPECT_EQ(value(lars, "momentum"), "0.75");
  EXPECT_EQ(value(lars, "weight_decay"), "0.25");
  EXPECT_EQ(value(state_of({.optimizer = "rmsprop", .epsilon = 1}), "epsilon"), "1");
  EXPECT_TRUE(state_of({.optimizer = "rmsprop", .centred = "on"})
                  .tensors.contains("gradient_average.weight"));
  for (const std::string name : {"sgd", "adam", "adamw", "rmsprop"}) {
    const State state = state_of({.optimizer = name, .weight_decay_biases = "off"});
    EXPECT_EQ(value(state, "weight_decay.weight"), "0") << "one dimension, as a bias has";
    EXPECT_EQ(value(state_of({.optimizer = name}), "weight_decay.weight"), "");
  }
}

TEST(LoadData, LeavesThePixelsAsTheyAreIfAsked) {
  Config config{.data = "synthetic"};
  EXPECT_NE(load_data(config).train.mean, std::vector<float>{0});
  config.normalize = "off";
  const DataSplit split = load_data(config);
  for (const Dataset* const half : {&split.train, &split.test}) {
    EXPECT_EQ(half->mean, std::vector<float>(half->mean.size(), 0));
    EXPECT_EQ(half->deviation, std::vector<float>(half->deviation.size(), 1));
    EXPECT_EQ(std::ssize(half->mean), half->shape[3]);
    half->check();
  }
}

TEST(MakeSchedule, CyclesTheMomentumIfAsked) {
  Config config{.epochs = 6};
  EXPECT_FALSE(make_schedule(config, 10)->momentum(17));
  config.cycle_momentum = "on";
  EXPECT_DOUBLE_EQ(*make_schedule(config, 10)->momentum(17), 0.85);
}

TEST(MakeSchedule, CountsInStepsOfBatches) {
  Config config{.epochs = 6, .lr = 0.5};
  const auto at = [&](std::int64_t step) { return make_schedule(config, 10)->learning_rate(step); };
  config.schedule = "constant";
  EXPECT_EQ(at(59), 0.5);
  config.schedule = "step";  // every two epochs
  EXPECT_EQ(at(19), 0.5);
  EXPECT_DOUBLE_EQ(at(20), 0.05);
  config.schedule = "exponential";  // per epoch
  EXPECT_DOUBLE_EQ(at(10), 0.5 * 0.95);
  config.schedule = "cosine";
  EXPECT_DOUBLE_EQ(at(30), 0.25);
  EXPECT_EQ(at(60), 0);
  config.schedule = "one-cycle";
  EXPECT_NEAR(at(0), 0.5 / 25, 1e-12);
  EXPECT_DOUBLE_EQ(at(17), 0.5);
  EXPECT_LT(at(59), 1e-5);
}

TEST(MakeSchedule, TakesTheFactorThatIsGiven) {
  Config config{.epochs = 6, .lr = 0.5, .lr_factor = 0.25};
  for (const std::string name : {"step", "exponential"}) {
    config.schedule = name;
    EXPECT_DOUBLE_EQ(make_schedule(config, 10)->learning_rate(name == "step" ? 20 : 10), 0.125);
  }
  config.schedule = "plateau";
  const auto plateau = make_schedule(config, 10);
  for (int epoch = 0; epoch < 12; ++epoch) plateau->observe(1);
  EXPECT_DOUBLE_EQ(plateau->learning_rate(0), 0.125);
}

TEST(MakeSchedule, WarmsUpForSoManyEpochs) {
  const Config config{.epochs = 6, .lr = 0.5, .schedule = "cosine", .warmup = 1.5};
  const auto schedule = make_schedule(config, 10);
  EXPECT_DOUBLE_EQ(schedule->learning_rate(7), 0.5 * 8 / 16);
  EXPECT_DOUBLE_EQ(schedule->learning_rate(15), 0.5);
  EXPECT_EQ(schedule->learning_rate(60), 0) << "the rest is for what follows the warm-up";
}

TEST(MakeTransforms, AreThoseOfTheName) {
  Config config;
  EXPECT_TRUE(make_transforms(config).empty());
  // Of a black image with one white pixel to the left of its middle: a flip moves it to the right
  // or not at all, a crop anywhere by up to 4.
  const auto places = [&](const char* name) {
    config.augment = name;
    std::vector<bool> seen(17 * 17);
    for (std::int64_t i = 0; i < 3000; ++i) {
      std::vector<float> pixels(17 * 17);
      pixels[8 * 17 + 7] = 1;
      Generator random = image_generator(1, 0, i);
      for (const Transform& transform : make_transforms(config)) {
        transform({17, 17, 1, pixels}, random);
      }
      for (std::size_t p = 0; p < pixels.size(); ++p) seen[p] = seen[p] || pixels[p] > 0;
    }
    return std::count(seen.begin(), seen.end(), true);
  };
  EXPECT_EQ(places("flip"), 2);
  EXPECT_EQ(places("crop"), 81);
  EXPECT_EQ(places("crop-flip"), 9 * 11);
}

TEST(Check, NamesTheOptionTheValueAndWhatWasExpected) {
  const auto refused = [](auto&& spoil) {
    Config config;
    spoil(config);
    return error_of([&] { check(config); });
  };
  check(Config{});
  EXPECT_EQ(refused([](Config& c) { c.limit = -1; }), "limit: must not be negative, got -1");
  EXPECT_EQ(refused([](Config& c) { c.momentum = -0.5; }),
            "momentum: must lie in [0, 1), got -0.5");
  EXPECT_EQ(refused([](Config& c) { c.weight_decay = -1; }),
            "weight_decay: must not be negative, got -1");
  EXPECT_EQ(refused([](Config& c) { c.weight_decay_biases = "no"; }),
            "weight_decay_biases: expected one of on, off, got 'no'");
  EXPECT_EQ(refused([](Config& c) { c.dampening = 2; }), "dampening: must lie in [0, 1], got 2");
  EXPECT_EQ(refused([](Config& c) { c.dampening = 0.1, c.optimizer = "adam"; }),
            "dampening: is an option of sgd, not of adam");
  EXPECT_EQ(refused([](Config& c) { c.dampening = 0.1, c.momentum = 0; }),
            "dampening: needs a momentum, got 0");
  EXPECT_EQ(refused([](Config& c) { c.amsgrad = "on"; }),
            "amsgrad: is an option of adam and adamw, not of sgd");
  EXPECT_EQ(refused([](Config& c) { c.beta1 = 0.5; }),
            "beta1: is an option of adam and adamw, not of sgd");
  EXPECT_EQ(refused([](Config& c) { c.beta2 = 0.5, c.optimizer = "rmsprop"; }),
            "beta2: is an option of adam and adamw, not of rmsprop");
  EXPECT_EQ(refused([](Config& c) { c.epsilon = 0.5; }),
            "epsilon: is an option of adam, adamw and rmsprop, not of sgd");
  EXPECT_EQ(refused([](Config& c) { c.beta1 = 1, c.optimizer = "adam"; }),
            "beta1: must lie in [0, 1), got 1");
  EXPECT_EQ(
      refused([](Config& c) { c.beta1 = 0.5, c.optimizer = "adam", c.cycle_momentum = "on"; }),
      "beta1: cycle_momentum gives it, got 0.5");
  EXPECT_EQ(refused([](Config& c) { c.centred = "on"; }),
            "centred: is an option of rmsprop, not of sgd");
  EXPECT_EQ(refused([](Config& c) { c.alpha = 0.5; }),
            "alpha: is an option of rmsprop, not of sgd");
  EXPECT_EQ(refused([](Config& c) { c.nesterov = "off", c.optimizer = "adam"; }),
            "nesterov: is an option of sgd, not of adam");
  EXPECT_EQ(refused([](Config& c) { c.trust = 0.5; }), "trust: is an option of lars, not of sgd");
  EXPECT_EQ(refused([](Config& c) { c.lr_biases = 0.5, c.optimizer = "rmsprop"; }),
            "lr_biases: is an option of lars, not of rmsprop");
  EXPECT_EQ(refused([](Config& c) { c.weight_decay_biases = "off", c.optimizer = "lars"; }),
            "weight_decay_biases: lars decays no biases, whatever it says, got off");
  EXPECT_EQ(refused([](Config& c) { c.cycle_momentum = "on", c.schedule = "cosine"; }),
            "cycle_momentum: is an option of the schedule one-cycle, not of cosine");
  EXPECT_EQ(refused([](Config& c) { c.cycle_momentum = "on", c.momentum = 0; }),
            "cycle_momentum: sgd needs a momentum, got 0");
  EXPECT_EQ(refused([](Config& c) { c.lr_factor = 1; }), "lr_factor: must lie in [0, 1), got 1");
  EXPECT_EQ(refused([](Config& c) { c.warmup = -1; }), "warmup: must not be negative, got -1");
  EXPECT_EQ(refused([](Config& c) { c.warmup = 1; }),
            "warmup: the one-cycle schedule has a warm-up of its own, got 1");
  EXPECT_EQ(refused([](Config& c) { c.clip_norm = -1; }),
            "clip_norm: must not be negative, got -1");
  EXPECT_EQ(refused([](Config& c) { c.l0_lambda = -1; }),
            "l0_lambda: must not be negative, got -1");
  EXPECT_EQ(refused([](Config& c) { c.l0_cutoff = 0.5; }),
            "l0_cutoff: must be 0 (the exact form) or at least 1, got 0.5");
  EXPECT_EQ(refused([](Config& c) { c.l0_warmup = -1; }),
            "l0_warmup: must not be negative, got -1");
  EXPECT_EQ(refused([](Config& c) { c.augment = "blur"; }),
            "augment: expected one of none, flip, crop, crop-flip, got 'blur'");
  EXPECT_EQ(refused([](Config& c) { c.optimizer = "lamb"; }),
            "optimizer: expected one of sgd, adam, adamw, rmsprop, lars, got 'lamb'");
  EXPECT_EQ(refused([](Config& c) { c.l0_layers = "conv"; }),
            "l0_layers: expected one of relu, all, got 'conv'");
  EXPECT_EQ(refused([](Config& c) { c.l0_normalization = "none"; }),
            "l0_normalization: expected one of per-layer-mean, per-parameter, got 'none'");
}

}  // namespace
}  // namespace joule::training
