// SPDX-License-Identifier: MIT
#include "joule/training/energy/energy_account.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "joule/data/synthetic.h"
#include "joule/energy/json/json.h"
#include "joule/energy/models/cost_model.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"
#include "joule/tests/support/small_runs.h"
#include "joule/tests/training/energy_account_cases.h"
#include "joule/training/energy/energy_prediction.h"
#include "joule/training/energy/run_energy.h"
#include "joule/training/run/choice.h"
#include "joule/training/run/summary.h"
#include "joule/training/run/summary_json.h"
#include "joule/training/trainer.h"

namespace joule::training {
namespace {

using namespace energy_account_cases;

TEST(WindowSum, AddsWindowsUp) {
  energy::WindowSum sum{.meter = "rapl",
                        .unit = Joules(1),
                        .ticks = 100,
                        .nanoseconds = 2'000'000'000,
                        .edges = Joules(1),
                        .idle = Joules(20),
                        .idle_width = Joules(2)};
  add(sum, {.ticks = 50,
            .nanoseconds = 1'000'000'000,
            .edges = Joules(2),
            .idle = Joules(10),
            .idle_width = Joules(3)});
  const energy::Measurement m = energy::measure(sum);
  EXPECT_EQ(m.gross.value(), Joules(150));
  EXPECT_EQ(m.gross.uncertainty(), Joules(3));
  EXPECT_EQ(m.power.value(), Watts(50));
  EXPECT_NEAR(m.idle.value().value(), 30, 1e-12);
  EXPECT_NEAR(m.idle.uncertainty()->value(), 5, 1e-12);
  EXPECT_NEAR(m.dynamic.uncertainty()->value(), 8, 1e-12);
  add(sum, {.nanoseconds = 1, .edges = std::nullopt, .idle_stated = true});
  EXPECT_FALSE(energy::measure(sum).gross.uncertainty());
  EXPECT_EQ(energy::measure(sum).idle.reason(),
            "no idle power: it was measured for some windows and stated for others");
}

TEST(WindowSum, BelowTheResolutionIsNotZero) {
  energy::WindowSum sum{.meter = "rapl", .unit = Joules(1), .nanoseconds = 1'000'000'000};
  EXPECT_EQ(energy::measure(sum).gross.reason(), "unresolved: the counter did not move in 1 s");
  sum.ticks = 5;
  sum.edges = Joules(5);
  EXPECT_EQ(energy::measure(sum).gross.reason(), "unresolved: 1 s is too short");
}

TEST(Prediction, HasATrendAndTheEpochsOwnBounds) {
  const auto epoch = [](double joules, std::optional<Joules> width = {}) {
    return Figure<Joules>::measured(Joules(joules), width, "m");
  };
  const auto line = predict_total(std::vector{epoch(10), epoch(11), epoch(12), epoch(13)}, 6);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->after_epoch, 4);
  EXPECT_NEAR(line->energy.value(), 75, 1e-4);
  EXPECT_NEAR(line->half_width.value(), 0, 1e-3);
  const std::vector sure{epoch(10), epoch(12), epoch(11)};
  const std::vector bounded{epoch(10, Joules(.1)), epoch(12, Joules(.2)), epoch(11, Joules(.3))};
  // One is to come: 0.6 (1 + 1/3) of bounds.
  EXPECT_NEAR((predict_total(bounded, 4)->half_width - predict_total(sure, 4)->half_width).value(),
              0.8, 1e-9);
  EXPECT_GT(predict_total(sure, 4)->half_width, Joules(10)) << "three epochs say little";
  EXPECT_FALSE(predict_total(std::vector{epoch(10), epoch(12)}, 4)) << "a trend, or noise?";
  EXPECT_FALSE(predict_total(sure, 3)) << "nothing is to come";
  EXPECT_FALSE(predict_total(
      std::vector{epoch(10), epoch(11), Figure<Joules>::unavailable("m", "lost"), epoch(10)}, 6));
}

TEST(Prediction, OfModelledEnergyIsARangeNoInterval) {
  Prediction p{.energy = Joules(4), .half_width = Joules(1), .quality = energy::Quality::measured};
  EXPECT_EQ(amount(p, " +- "), "4 J +- 1 J");
  p.quality = energy::Quality::modelled;
  EXPECT_EQ(amount(p, " +- "), "4 J, between 3 J and 5 J,");
}

TEST(Prediction, IsOfTheMeasuredEnergyIfThereIsAny) {
  for (const bool metered : {true, false}) {
    Bench bench;
    std::vector<Prediction> predictions;
    Hooks hooks = hundred_ms_a_step(bench);
    hooks.on_prediction = [&](const Prediction& p) { predictions.push_back(p); };
    Trainer trainer(config_of(4), small_data(),
                    {.metering = metered ? bench.metering : no_metering()});
    while (!trainer.finished()) trainer.run_epoch(hooks);
    ASSERT_EQ(predictions.size(), 1u);
    EXPECT_EQ(predictions[0].after_epoch, 3);
    if (metered) {
      EXPECT_EQ(predictions[0].energy, Joules(16));
      EXPECT_EQ(predictions[0].half_width, Joules(0));
      EXPECT_EQ(predictions[0].quality, energy::Quality::measured);
    } else {
      EXPECT_EQ(predictions[0].quality, energy::Quality::modelled);
      EXPECT_EQ(predictions[0].source, "horowitz45");
    }
  }
}

/// Epochs of 10 J and a MAC each.
std::vector<EpochMetrics> epochs_of(std::initializer_list<double> accuracies) {
  std::vector<EpochMetrics> epochs;
  for (const double accuracy : accuracies) {
    EpochMetrics m{.epoch = std::ssize(epochs) + 1,
                   .validation_accuracy = accuracy,
                   .validation_loss = 1,
                   .test_accuracy = 1 - accuracy};
    m.energy.training = {
        .measured = {{.meter = "m", .unit = Joules(1), .ticks = 10, .nanoseconds = 1}},
        .work = {.calls = 1, .work = {.macs = 1}}};
    epochs.push_back(m);
  }
  return epochs;
}

std::vector<std::pair<std::int64_t, double>> points(const std::vector<Reached>& front) {
  std::vector<std::pair<std::int64_t, double>> all;
  for (const Reached& r : front) all.emplace_back(r.epoch, r.spent.value().value());
  return all;
}

TEST(Choice, TheBestEpochIsThatOfTheValidationImagesAndTheFirstOfEquals) {
  EXPECT_EQ(best_epoch(epochs_of({.2, .9, .9, .1})), 2);
  EXPECT_EQ(best_epoch({}), std::nullopt);
  auto without = epochs_of({.2, .9});
  for (EpochMetrics& m : without) m.validation_accuracy.reset();
  EXPECT_EQ(best_epoch(without), std::nullopt);
  EXPECT_EQ(choice_line(without),
            "no best epoch: no images were held back to choose by (--validation)");
  EXPECT_EQ(error_of([] {
              best_epoch(epochs_of({.2, NAN}));
            }),
            "best epoch: the validation accuracy of epoch 2 is nan");
}

TEST(Choice, TheFrontHasTheEpochsThatNoOtherDominates) {
  auto epochs = epochs_of({.2, .9, .9, .1, .95});
  using Points = std::vector<std::pair<std::int64_t, double>>;
  EXPECT_EQ(points(accuracy_front(epochs, spent_until(epochs))),
            (Points{{1, 10}, {2, 20}, {5, 50}}));
  epochs[4].energy.training.measured[0].ticks = 0;  // more for no joule more than after epoch 4
  EXPECT_EQ(points(accuracy_front(epochs, spent_until(epochs))),
            (Points{{1, 10}, {2, 20}, {5, 40}}));
  epochs[1].energy.training.measured[0].ticks = 0;
  EXPECT_EQ(points(accuracy_front(epochs, spent_until(epochs))), (Points{{2, 10}, {5, 30}}));
  // Nothing is known from the first epoch on that was not measured; what is modelled still is.
  epochs[2].energy.training.measured[0].missing = "lost";
  EXPECT_EQ(points(accuracy_front(epochs, spent_until(epochs))), (Points{{2, 10}}));
  EXPECT_EQ(accuracy_front(epochs, spent_until(epochs, energy::horowitz45())).size(), 3u);
}

TEST(Choice, WithinAPointOfTheBestIsTheFirstThatCloseToIt) {
  auto epochs = epochs_of({.2, .91, .905, .92, .9});
  const auto reached = first_within_a_point(epochs, spent_until(epochs));
  ASSERT_TRUE(reached);
  EXPECT_EQ(reached->epoch, 2);
  EXPECT_EQ(reached->spent.value(), Joules(20));
  const auto exact = epochs_of({.09, .1});  // in floating point .1 - .01 is more than .09
  EXPECT_EQ(first_within_a_point(exact, spent_until(exact))->epoch, 1);
  EXPECT_EQ(
      choice_line(epochs),
      "within 1 point of the best (92 % of the validation images, epoch 4): after epoch 2 and "
      "20 J +- 0 J (measured, m)");
  epochs[0].energy.training.measured[0].missing = "lost";
  EXPECT_EQ(first_within_a_point(epochs, spent_until(epochs))->spent.reason(), "lost");
  EXPECT_NE(choice_line(epochs).find("(modelled, horowitz45)"), std::string::npos);
  const auto json = choice_json(epochs);
  EXPECT_EQ(json["best_epoch"]["epoch"], 4);
  const auto& measured = json["accuracy_over_energy"]["measured"];
  EXPECT_EQ(measured["front"].size(), 0u);
  EXPECT_EQ(measured["within_a_point_of_best"]["energy"]["reason"], "lost");
  const auto& modelled = json["accuracy_over_energy"]["modelled"]["horowitz45"];
  EXPECT_EQ(modelled["front"][1]["epoch"], 2);
  EXPECT_EQ(modelled["front"][1]["energy"]["quality"], "modelled");
}

TEST(Footprint, IsBesideTheEnergy) {
  Bench bench;
  RunEnergy run{.footprint = {.grams_per_kwh = 360, .pue = 1.5}};
  Trainer trainer(config_of(1), small_data(), {.metering = bench.metering});
  trainer.run_epoch(hundred_ms_a_step(bench));
  run.epochs = trainer.metrics();
  const auto json = json_of(run);
  EXPECT_EQ(json["total"]["gross"]["value"], 4.0);
  EXPECT_EQ(json["facility_energy"]["value"], 6.0);
  EXPECT_NEAR(json["carbon"]["value"].get<double>(), 4 / 3.6e6 * 360, 1e-12);
  EXPECT_NEAR(json["facility_carbon"]["value"].get<double>(), 6 / 3.6e6 * 360, 1e-12);
  run.epochs[0].energy.laps[0].missing = "lost";
  EXPECT_EQ(json_of(run)["carbon"]["value"], nullptr);

  EXPECT_EQ(error_of([] { check(Footprint{.grams_per_kwh = -1}); }),
            "carbon intensity: expected a number of grams per kWh >= 0, got -1");
  EXPECT_EQ(error_of([] { check(Footprint{.pue = .9}); }), "pue: expected a factor >= 1, got 0.9");
}

}  // namespace
}  // namespace joule::training
