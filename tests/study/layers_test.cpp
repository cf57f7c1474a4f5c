// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/models/models.h"
#include "joule/study/layers/layers_paper.h"
#include "joule/study/layers/layers_results.h"
#include "joule/study/layers/layers_study.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

LayersConfig small_config() {
  LayersConfig config = layers_preset("quick", "fashion-mnist");
  config.repeats = 3;
  return config;
}

TEST(LayersConfig, IsTheSameAfterJson) {
  for (const std::string& preset : layers_presets()) {
    const LayersConfig config = layers_preset(preset, "cifar-10");
    check(config);
    const LayersConfig again = parse_layers_config(to_json(config), "study");
    EXPECT_EQ(to_json(again), to_json(config));
    EXPECT_EQ(again.training, config.training);
  }
}

TEST(LayersConfig, ThePaperPresetIsItsSetUp) {
  const LayersConfig c = layers_preset("paper", "fashion-mnist");
  EXPECT_EQ(c.training.epochs, 25);
  EXPECT_EQ(c.training.batch, 512);
  EXPECT_EQ(c.training.optimizer, "adam");
  EXPECT_EQ(c.training.weight_decay, 0);
  EXPECT_EQ(c.training.schedule, "constant");
  EXPECT_EQ(c.training.normalize, "off");
  EXPECT_EQ(c.training.shuffle, "off");
  EXPECT_EQ(c.training.augment, "none");
  EXPECT_EQ(c.training.validation, 0);
  EXPECT_EQ(c.training.limit, 0);
  EXPECT_EQ(c.training.seed, 1234u);
  EXPECT_EQ(c.seeds, "one");
  EXPECT_EQ(c.repeats, 24);
  EXPECT_EQ(c.lr, (search::Interval{1e-5, 1e-3}));
  EXPECT_EQ(c.beta1, (search::Interval{0.5, 1}));
  EXPECT_EQ(c.beta2, (search::Interval{0.8, 1}));
  EXPECT_EQ(c.linear, (std::vector<std::int64_t>{3, 7}));
  EXPECT_EQ(c.conv, (std::vector<std::int64_t>{1, 4}));
}

TEST(LayersConfig, RefusesWhatMakesNoSense) {
  const auto refused = [](auto change) {
    LayersConfig config = small_config();
    change(config);
    return error_of([&] { check(config); });
  };
  using C = LayersConfig;
  EXPECT_EQ(refused([](C& c) { c.linear = {}; }), "linear: expected at least one level");
  EXPECT_EQ(refused([](C& c) { c.linear = {3, 3}; }), "linear: 3 is there twice");
  EXPECT_EQ(refused([](C& c) {
              c.linear = {7, 3};
            }),
            "linear: expected ascending levels, got 3 after 7");
  EXPECT_EQ(refused([](C& c) { c.linear = {0, 3}; }), "linear: expected at least 1, got 0");
  EXPECT_EQ(refused([](C& c) { c.conv = {1, 9}; }), "conv: expected at most 8, got 9");
  EXPECT_EQ(refused([](C& c) {
              c.relu = {"each", "none"};
            }),
            "relu: expected none, each, or none,each");
  EXPECT_EQ(refused([](C& c) { c.relu = {"all"}; }), "relu: expected one of none, each, got 'all'");
  EXPECT_EQ(refused([](C& c) { c.nets = {"dense-poly"}; }),
            "nets: expected simple-cnn among them, which makes the factorial");
  EXPECT_EQ(refused([](C& c) {
              c.nets = {"simple-cnn", "lenet5"};
            }),
            "nets: expected one of simple-cnn, dense-poly, dense-linear, got 'lenet5'");
  EXPECT_EQ(refused([](C& c) {
              c.nets = {"simple-cnn", "dense-poly", "simple-cnn"};
            }),
            "nets: expected simple-cnn among them, which makes the factorial");
  EXPECT_EQ(refused([](C& c) { c.linear = {3}, c.conv = {1}, c.relu = {"none"}; }),
            "the factorial needs a factor with two levels, got one of linear, conv and relu each");
  EXPECT_EQ(refused([](C& c) { c.repeats = 0; }), "repeats: expected at least 1, got 0");
  EXPECT_EQ(refused([](C& c) {
              c.lr = {1e-3, 1e-5};
            }),
            "lr: expected LOW,HIGH with LOW <= HIGH, got 0.001 and 1e-05");
  EXPECT_EQ(refused([](C& c) { c.lr = {0, 1}; }), "lr: must be positive, got 0");
  EXPECT_EQ(refused([](C& c) { c.beta1 = {0.5, 1.5}; }), "beta1: expected at most 1, got 1.5");
  EXPECT_EQ(refused([](C& c) { c.beta2 = {-0.5, 1}; }), "beta2: must lie in [0, 1), got -0.5");
  EXPECT_EQ(refused([](C& c) { c.beta2 = {1, 1}; }), "beta2: must lie in [0, 1), got 1");
  EXPECT_EQ(refused([](C& c) { c.seeds = "two"; }), "seeds: expected one of one, each, got 'two'");
  EXPECT_EQ(refused([](C& c) { c.training.optimizer = "sgd"; }),
            "optimizer: expected adam or adamw, whose betas are drawn, got 'sgd'");
  EXPECT_EQ(refused([](C& c) { c.idle = -1; }), "idle: expected 0 to 3600 seconds, got -1");
  EXPECT_EQ(error_of([] { layers_preset("fast", "cifar-10"); }),
            "preset: expected one of quick, paper, got 'fast'");
  EXPECT_EQ(error_of([] { parse_layers_config("{}", "study x"); }),
            "study x: there is no 'preset'");
}

TEST(LayersConfig, DrawsAreTheSameForEveryNetAndNeverABetaOfOne) {
  LayersConfig config = small_config();
  config.repeats = 200;
  config.beta1 = {1 - 1e-12, 1};  // 1 in float32
  for (const LayersDraw& draw : draws_of(config)) {
    EXPECT_LT(static_cast<float>(draw.beta1), 1.0f);
    EXPECT_GE(draw.lr, 1e-5);
    EXPECT_LE(draw.lr, 1e-3);
    EXPECT_GE(draw.beta2, 0.8);
    EXPECT_LT(draw.beta2, 1);
  }
  config = small_config();
  const StudyDefinition study = layers_study("layers", config);
  check(study);
  ASSERT_EQ(study.fixed.size(), 3u * 12u);
  for (const search::Point& point : study.fixed) study.space.check(point);
  for (std::size_t i = 0; i < study.fixed.size(); ++i) {
    EXPECT_EQ(study.fixed[i].get<double>("lr"), study.fixed[i / 12 * 12].get<double>("lr")) << i;
  }
  EXPECT_NE(study.fixed[0].get<double>("lr"), study.fixed[12].get<double>("lr"));
}

TEST(LayersStudy, TrainsTheNetOfThePoint) {
  const LayersConfig config = small_config();
  const StudyDefinition study = layers_study("layers", config);
  std::vector<std::string> models;
  for (std::size_t i = 0; i < 12; ++i) {
    const training::Config t = training_at(config, study.fixed[12 + i]);
    models.push_back(t.model);
    EXPECT_TRUE(is_model_name(t.model));
    EXPECT_EQ(t.seed, config.training.seed + 1);
    EXPECT_EQ(t.beta2, draws_of(config)[1].beta2);
    training::check(t);
  }
  EXPECT_EQ(models, (std::vector<std::string>{
                        "simple-cnn-1-3-norelu", "simple-cnn-1-3", "simple-cnn-4-3-norelu",
                        "simple-cnn-4-3", "simple-cnn-1-7-norelu", "simple-cnn-1-7",
                        "simple-cnn-4-7-norelu", "simple-cnn-4-7", "dense-poly-3", "dense-poly-7",
                        "dense-linear-3", "dense-linear-7"}));
  LayersConfig one = config;
  one.seeds = "one";
  EXPECT_EQ(training_at(one, study.fixed[30]).seed, config.training.seed);
}

std::vector<LayersNet> factorial_nets() {
  LayersConfig config = small_config();
  config.nets = {"simple-cnn"};
  return nets_of(config);
}

TEST(LayersEffects, ThePapersCellsGiveThePapersEffects) {
  for (const char* data : {"fashion-mnist", "cifar-10"}) {
    LayersTable joules{.nets = factorial_nets(), .y = {}}, accuracy = joules;
    for (const LayersNet& net : joules.nets) {
      const LayersPaperCell* const cell = layers_paper_cell(data, net);
      ASSERT_TRUE(cell);
      joules.y.push_back({cell->joules});
      accuracy.y.push_back({cell->accuracy});
    }
    const LayersPaperEffects& paper = *layers_paper_effects(data);
    const std::vector<FactorEffect> effects = factor_effects(joules);
    ASSERT_EQ(effects.size(), 3u);
    EXPECT_NEAR(effects[0].percent->mean, paper.linear.percent, 0.05);
    EXPECT_NEAR(effects[1].percent->mean, paper.conv.percent, 0.05);
    EXPECT_NEAR(effects[2].percent->mean, paper.relu.percent, 0.05);
    EXPECT_NEAR(effects[0].per_layer.mean, paper.joules_per_linear, 0.05);
    EXPECT_NEAR(effects[1].per_layer.mean, paper.joules_per_conv, 0.5);
    EXPECT_EQ(effects[2].layers, 2.5);
    EXPECT_EQ(effects[1].from, "1");
    EXPECT_EQ(effects[2].to, "each");
    EXPECT_FALSE(effects[1].difference.interval) << "one draw";
    EXPECT_NEAR(factor_saving(joules, "conv")->percent->mean, paper.halved_energy, 0.05);
    EXPECT_NEAR(factor_saving(accuracy, "conv")->difference.difference, paper.halved_accuracy, 0.5);
  }
}

/// 100, and 8 more with seven linear layers, 60 with four convolutions, 5 with ReLUs; draw d adds
/// `spread` * d.
LayersTable additive(double spread) {
  LayersTable table{.nets = factorial_nets(), .y = {}};
  for (const LayersNet& net : table.nets) {
    auto& row = table.y.emplace_back();
    for (int draw = 0; draw < 4; ++draw) {
      row.push_back(100 + (net.linear == 7 ? 8 : 0) + (net.conv == 4 ? 60 : 0) +
                    (net.relu ? 5 : 0) + spread * draw);
    }
  }
  return table;
}

TEST(LayersEffects, PairsTheDraws) {
  const std::vector<FactorEffect> effects = factor_effects(additive(30));
  const double known[] = {8, 60, 5}, layers[] = {4, 3, 2.5};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(effects[i].difference.difference, known[i], 1e-9);
    EXPECT_EQ(effects[i].difference.n_a, 4u);
    // What a draw adds to all nets is in no interval.
    EXPECT_NEAR(effects[i].difference.interval->high, known[i], 1e-9);
    EXPECT_NEAR(effects[i].per_layer.mean, known[i] / layers[i], 1e-9);
  }
  // 60 of (100 + 4 + 2.5) + 30 d.
  double percent = 0;
  for (int draw = 0; draw < 4; ++draw) percent += 100 * 60 / (106.5 + 30 * draw) / 4;
  EXPECT_NEAR(effects[1].percent->mean, percent, 1e-9);
}

TEST(LayersEffects, AnovaHasNoInteractionOfWhatAddsUp) {
  const search::Anova anova = *factorial_anova(additive(1));
  EXPECT_EQ(anova.replicates, 4u);
  // Sums of squares: n (d/2)^2 of 32 runs; the draws -1.5 to 1.5 in each of 8 nets.
  const double sums[] = {32 * 16.0, 32 * 900.0, 32 * 6.25};
  double total = 8 * 2 * (1.5 * 1.5 + 0.5 * 0.5);
  for (const double sum : sums) total += sum;
  ASSERT_EQ(anova.terms.size(), 7u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(anova.terms[i].eta_squared, sums[i] / total, 1e-9) << anova.terms[i].name;
    EXPECT_LT(*anova.terms[i].p, 0.001);
  }
  for (std::size_t i = 3; i < 7; ++i) EXPECT_NEAR(anova.terms[i].sum_of_squares, 0, 1e-9);
  LayersTable equal = additive(0);
  for (auto& row : equal.y) std::ranges::fill(row, 1.0);
  EXPECT_FALSE(factorial_anova(equal));
  EXPECT_FALSE(factor_effects(equal).front().ranks);
}

TEST(LayersEffects, RanksAreThoseOfKruskalAndWallis) {
  const auto effects = factor_effects(additive(0.001));
  const auto& ranks = *effects[1].ranks;
  // All of one group above all of the other, 16 each, no ties: H = 12/(32 33) (136^2 + 392^2)/16 -
  // 3 33.
  const double h = 12.0 / (32 * 33) * (136.0 * 136 + 392.0 * 392) / 16 - 3 * 33;
  EXPECT_NEAR(ranks.h, h, 1e-9);
  EXPECT_NEAR(*ranks.eta_squared, (h - 1) / 30, 1e-9);
}

TEST(LayersEffects, RefusesWhatIsNoFactorial) {
  LayersTable table = additive(1);
  table.y[3].pop_back();
  EXPECT_EQ(error_of([&] { factor_effects(table); }), "layers: a net has 3 draws, the first 4");
  table = additive(1);
  table.nets.pop_back();
  table.y.pop_back();
  EXPECT_EQ(error_of([&] { factor_effects(table); }),
            "layers: expected each of 8 combinations of levels, got 7 nets");
}

/// A complete trial: `joules` of the whole training, of which 10 are the loss's; each block of
/// convolutions takes 20, each linear layer 3 and each ReLU 1; a first linear layer behind four
/// blocks takes 5 less.
Trial complete(const search::Point& point, double accuracy, double more = 0) {
  Trial trial{.point = point, .state = State::complete};
  const LayersNet net = net_at(point);
  double joules = 10 + more;
  const auto add = [&](const std::string& layer, double of_layer) {
    trial.values.push_back(modelled(layers::kLayerEnergy + layer, of_layer, "J", "model"));
    joules += of_layer;
  };
  for (std::int64_t i = 1; i <= net.conv; ++i) {
    add("conv" + std::to_string(i), 15);
    add("norm" + std::to_string(i), 4);
    if (net.relu) add("relu" + std::to_string(i), 1);
    add("pool" + std::to_string(i), 1);
  }
  for (std::int64_t i = 1; i <= net.linear; ++i) {
    add("linear" + std::to_string(i), i == 1 && net.conv == 4 ? 1 : 3);
  }
  trial.values.push_back(modelled(std::string(layers::kLayerEnergy) + "loss", 10, "J", "model"));
  trial.values.push_back(modelled(layers::kTrainingEnergy, joules, "J", "model"));
  trial.values.push_back(counted("validation accuracy", accuracy, "%", "images"));
  trial.values.push_back(counted("test accuracy", accuracy - 1, "%", "images"));
  return trial;
}

std::vector<Trial> trials_of(const LayersConfig& config) {
  std::vector<Trial> trials;
  for (const search::Point& point : layers_study("layers", config).fixed) {
    const LayersNet net = net_at(point);
    const auto draw = static_cast<double>(point.get<std::int64_t>("draw"));
    trials.push_back(complete(point, 80 + (net.conv == 4 ? 5 : 0) + draw / 10, draw / 100));
  }
  return trials;
}

TEST(LayersResults, AreByNetAndDraw) {
  const LayersConfig config = small_config();
  const LayersResults results = layers_results(config, trials_of(config));
  EXPECT_TRUE(results.finished);
  ASSERT_EQ(results.cells.size(), 12u);
  EXPECT_EQ(results.factorial(), 8u);
  EXPECT_EQ(results.draws, (std::vector<std::int64_t>{1, 2, 3}));
  ASSERT_EQ(results.costs.size(), 1u);
  EXPECT_EQ(results.costs[0].label, "training energy, modelled (horowitz45)");
  ASSERT_EQ(results.effects.size(), 2u);  // and accuracy
  EXPECT_NEAR(results.effects[1].factors[1].difference.difference, 5, 1e-9);
  EXPECT_NEAR(results.effects[1].halved->difference.difference, -5, 1e-9);
  const auto best = best_draw(config, results.cells[0]);
  EXPECT_EQ(best->draw, 3);
  EXPECT_NEAR(best->test_accuracy, 79.3, 1e-9);
}

TEST(LayersResults, TellALayersJoulesTwoWays) {
  const LayersConfig config = small_config();
  const LayersResults results = layers_results(config, trials_of(config));
  ASSERT_EQ(results.two_ways.size(), 3u);
  const TwoWays& linear = results.two_ways[0];
  const TwoWays& conv = results.two_ways[1];
  const TwoWays& relu = results.two_ways[2];
  EXPECT_NEAR(linear.factorial.mean, 3, 1e-9);
  EXPECT_NEAR(linear.own.mean, 3, 1e-9);
  EXPECT_NEAR(linear.ratio->mean, 1, 1e-9);
  // A block is 20 and half a ReLU; the linear layer behind three more of them takes 2 less.
  EXPECT_NEAR(conv.own.mean, 20.5, 1e-9);
  EXPECT_NEAR(conv.factorial.mean, 20.5 - 2.0 / 3, 1e-9);
  EXPECT_NEAR(conv.ratio->mean, (20.5 - 2.0 / 3) / 20.5, 1e-9);
  ASSERT_EQ(conv.along.size(), 2u);
  EXPECT_EQ(conv.along[0].kind, "linear");
  EXPECT_NEAR(conv.along[0].difference.mean, -2.0 / 3, 1e-9);
  EXPECT_EQ(conv.along[1].kind, "loss");
  EXPECT_NEAR(conv.along[1].difference.mean, 0, 1e-9);
  EXPECT_NEAR(conv.rest.mean, 0, 1e-9);
  EXPECT_NEAR(relu.own.mean, 1, 1e-9);
  EXPECT_NEAR(relu.factorial.mean, 1, 1e-9);
}

TEST(LayersResults, TheFrontGoesFromTheCheapestOn) {
  const LayersConfig config = small_config();
  std::vector<Trial> trials = trials_of(config);
  const LayersResults results = layers_results(config, trials);
  // Dense nets of three layers, 9 + 10 J, are cheapest and as good as any without four blocks.
  ASSERT_EQ(results.front.size(), 2u);
  EXPECT_EQ(results.cells[results.front[0].cell].net.title(), "dense-poly, linear 3");
  EXPECT_FALSE(results.front[0].more_cost);
  EXPECT_EQ(results.cells[results.front[1].cell].net.title(), "linear 3, conv 4, ReLU none");
  EXPECT_NEAR(*results.front[1].more_accuracy, 5, 1e-9);
  EXPECT_NEAR(*results.front[1].more_cost, 80 - 2, 1e-9);
  EXPECT_TRUE(results.unseparated.empty());
}

TEST(LayersResults, EffectsAreOfTheDrawsThatAllNetsHave) {
  const LayersConfig config = small_config();
  std::vector<Trial> trials = trials_of(config);
  trials[14] = {.point = trials[14].point, .state = State::failed, .error = "loss is nan"};
  const LayersResults results = layers_results(config, trials);
  EXPECT_TRUE(results.finished);
  ASSERT_EQ(results.draws, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(results.effects[0].factors[0].difference.n_a, 2u);
  EXPECT_EQ(results.cells[2].failed, 1);
  // linear 3, conv 4, no ReLU lacks a draw: it is not on the front.
  for (const LayersStep& step : results.front) EXPECT_NE(step.cell, 2u);
  trials.resize(5);
  const LayersResults few = layers_results(config, trials);
  EXPECT_FALSE(few.finished);
  EXPECT_TRUE(few.draws.empty());
  EXPECT_TRUE(few.effects.empty());
}

TEST(LayersResults, NeverMixMeasuredAndModelled) {
  const LayersConfig config = small_config();
  std::vector<Trial> trials = trials_of(config);
  for (Trial& trial : trials) {
    if (&trial == &trials[0]) continue;
    trial.values.push_back(measured(layers::kTrainingEnergy, 7, "J", "meter"));
  }
  // One trial was not measured: there is no measured effect of that draw, so no measured column.
  EXPECT_EQ(layers_results(config, trials).costs.size(), 1u);
  trials[0].values.push_back(measured(layers::kTrainingEnergy, 7, "J", "meter"));
  const LayersResults results = layers_results(config, trials);
  ASSERT_EQ(results.costs.size(), 2u);
  EXPECT_EQ(results.costs[0].quality, Quality::measured);
  EXPECT_EQ(results.costs[1].quality, Quality::modelled);
}

}  // namespace
}  // namespace joule::study
