// SPDX-License-Identifier: MIT
#include "training/energy_account.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/synthetic.h"
#include "energy/cost_model.h"
#include "energy/json.h"
#include "tests/op_test.h"
#include "tests/simulated_power.h"
#include "training/energy_prediction.h"
#include "training/run_energy.h"
#include "training/summary.h"
#include "training/trainer.h"

namespace joule::training {
namespace {

using energy::Figure;
using energy::Joules;
using energy::Seconds;
using energy::Watts;
using test::error_of;
using test::SimulatedMeter;
using test::SimulatedPower;

constexpr std::int64_t kMs = 1'000'000;

/// A simulated machine, and the one meter of it.
struct Bench {
  SimulatedPower power{kMs, 10'000};  // 10 W
  std::shared_ptr<Metering> metering;
  SimulatedMeter* meter = nullptr;

  explicit Bench(energy::MeterInfo info = SimulatedMeter::usual()) {
    auto owned = std::make_unique<SimulatedMeter>(power, std::move(info));
    meter = owned.get();
    energy::Meters meters;
    meters.push_back(std::move(owned));
    metering = std::make_shared<Metering>(std::move(meters));
  }
};

Config config_of(std::int64_t epochs) {
  return {
      .model = "lenet5", .data = "synthetic", .epochs = epochs, .batch = 16, .deterministic = true};
}

DataSplit small_data() {
  return make_synthetic({.train = 56, .test = 20, .classes = 4, .size = 12});  // 4 steps an epoch
}

/// Every step takes 100 ms; the bench's clock moves nowhere else.
Hooks hundred_ms_a_step(Bench& bench) {
  return {.on_progress = [&bench](const Progress&) { bench.power.sleep_ns(100 * kMs); }};
}

std::int64_t ticks(const PartEnergy& part) { return part.measured.at(0).ticks; }

State copy_of(const State& state) {
  State copy = state;
  for (auto& [name, tensor] : copy.tensors) tensor = tensor.clone();
  return copy;
}

TEST(TrainingEnergy, EpochsAddUpExactly) {
  Bench bench;
  Trainer trainer(config_of(3), small_data(), {.metering = bench.metering});
  Hooks hooks = hundred_ms_a_step(bench);
  while (!trainer.finished()) {
    trainer.run_epoch(hooks);
    bench.power.sleep_ns(70 * kMs);  // between epochs: nobody's window
    bench.power.milliwatts += 5000;
  }
  const auto& epochs = trainer.metrics();
  EXPECT_EQ(ticks(epochs[0].energy.training), 4000);  // mJ: 4 steps of 100 ms at 10 W
  EXPECT_EQ(ticks(epochs[1].energy.training), 6000);
  EXPECT_EQ(ticks(epochs[2].energy.training), 8000);
  EXPECT_EQ(epochs[1].energy.training.measured[0].nanoseconds, 400 * kMs);
  const EpochEnergy sum = total_energy(epochs);
  EXPECT_EQ(measured(sum.training).gross.value(), Joules(18));
  // No time passes in the evaluation, which is a window of its own.
  EXPECT_EQ(ticks(sum.evaluation), 0);
  EXPECT_EQ(measured(sum.evaluation).gross.reason(), "no time passed between the readings");

  // The work of the epochs is that of the trainer, and so are the models'.
  energy::Totals work;
  for (const auto& [phase, totals] : trainer.work()) work += totals;
  EXPECT_EQ(sum.training.work.work, work.work);
  EXPECT_EQ(sum.training.work.calls, work.calls);
  EXPECT_EQ(sum.evaluation.work.work.macs, 3 * total_work(*trainer.evaluation()).work.macs);
  EXPECT_EQ(modelled(sum.training, energy::horowitz45()).value(),
            energy::horowitz45().energy(work, energy::Skipping::executed).value());
}

TEST(TrainingEnergy, ReadsNoMeterPerStepWithoutABudget) {
  const auto readings = [](std::int64_t batch, std::optional<Joules> budget) {
    Bench bench;
    Config config = config_of(1);
    config.batch = batch;
    Trainer trainer(config, small_data(), {.metering = bench.metering, .budget = budget});
    const auto start = std::chrono::steady_clock::now();
    trainer.run_epoch({.on_progress = [](const Progress&) {}});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    return bench.meter->samples - static_cast<int>(seconds.count());
  };
  // Three edges and one look for the display, of which there is one more a second.
  EXPECT_EQ(readings(16, {}), 4);
  EXPECT_EQ(readings(2, {}), 4);  // 28 steps
  // Before the first step, after each, before the one batch of the test.
  EXPECT_EQ(readings(16, Joules(1000)), 4 + 1 + 4 + 1);
}

TEST(TrainingEnergy, ShowsWhatAnImageCosts) {
  Bench bench;
  std::vector<std::optional<Joules>> shown;
  bench.power.sleep_ns(50 * kMs);  // before the window: of no image
  Trainer trainer(config_of(1), small_data(), {.metering = bench.metering});
  trainer.run_epoch({.on_progress = [&](const Progress& p) { shown.push_back(p.joules_per_image); },
                     .stop =
                         [&] {
                           bench.power.sleep_ns(1000 * kMs);
                           return false;
                         }});
  EXPECT_FALSE(shown.front()) << "no time had passed";
  Trainer unmetered(config_of(1), small_data());
  unmetered.run_epoch({.on_progress = [](const Progress& p) { EXPECT_FALSE(p.joules_per_image); }});

  EnergyAccount account({.metering = bench.metering});
  account.begin({});
  bench.power.sleep_ns(300 * kMs);
  EXPECT_EQ(account.per_image(2), Joules(1.5));
  bench.power.sleep_ns(300 * kMs);
  EXPECT_EQ(account.per_image(4), Joules(1.5)) << "it was asked for within a second";
}

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

TEST(TrainingEnergy, OfAnInterruptedRunIsThatOfAWholeOne) {
  Bench bench;
  Trainer whole_run(config_of(2), small_data(), {.metering = bench.metering});
  while (!whole_run.finished()) whole_run.run_epoch(hundred_ms_a_step(bench));

  State state = copy_of(Trainer(config_of(2), small_data()).state());
  std::vector<EpochMetrics> metrics;
  for (int part = 0; part < 10; ++part) {  // a step each, or the evaluation
    Bench another;
    Trainer resumed(config_of(2), small_data(), {.metering = another.metering});
    resumed.load_state(state, metrics);
    Hooks hooks = hundred_ms_a_step(another);
    if (part % 5 != 4) hooks.stop = [] { return true; };
    resumed.run_epoch(hooks);
    state = copy_of(resumed.state());
    metrics = resumed.metrics();
  }
  Trainer resumed(config_of(2), small_data());
  resumed.load_state(state, metrics);
  ASSERT_TRUE(resumed.finished());
  for (std::size_t i = 0; i < 2; ++i) {
    const EpochEnergy& a = resumed.metrics()[i].energy;
    const EpochEnergy& b = whole_run.metrics()[i].energy;
    EXPECT_EQ(ticks(a.training), ticks(b.training));
    EXPECT_EQ(a.training.measured[0].nanoseconds, b.training.measured[0].nanoseconds);
    EXPECT_EQ(a.training.work.work, b.training.work.work);
    EXPECT_EQ(a.evaluation.work.work, b.evaluation.work.work);
    EXPECT_EQ(modelled(a.training, energy::zero_skip()).value(),
              modelled(b.training, energy::zero_skip()).value());
  }
}

TEST(TrainingEnergy, OfAPartThatWasNotMeasuredIsMissing) {
  Bench bench;
  Trainer first(config_of(3), small_data(), {.metering = bench.metering});
  first.run_epoch(hundred_ms_a_step(bench));
  Trainer second(config_of(3), small_data());  // without a meter
  second.load_state(copy_of(first.state()), first.metrics());
  second.run_epoch();
  EXPECT_TRUE(measured(second.metrics()[0].energy.training).gross.available());
  const auto gross = measured(total_energy(second.metrics()).training).gross;
  ASSERT_FALSE(gross.available());
  EXPECT_EQ(gross.reason(), "a part of the run was not measured by this meter");
  // And no budget can be kept with what another meter has measured, or none.
  energy::MeterInfo other_info = SimulatedMeter::usual();
  other_info.name = "other";
  Bench other(other_info);
  const Trainer* const before[] = {&second, &first};
  const std::shared_ptr<Metering> meterings[] = {bench.metering, other.metering};
  for (int i = 0; i < 2; ++i) {
    Trainer third(config_of(3), small_data(), {.metering = meterings[i], .budget = Joules(1000)});
    third.load_state(copy_of(before[i]->state()), before[i]->metrics());
    std::string why;
    EXPECT_FALSE(third.run_epoch({.on_budget = [&](const std::string& reason) { why = reason; }}));
    EXPECT_EQ(third.batch(), 0);
    EXPECT_EQ(why,
              "the energy budget of 1 kJ cannot be kept, as the energy is not known: a part of the "
              "run was not measured by this meter");
  }
}

TEST(TrainingEnergy, BudgetStopsAfterTheStepThatExceedsIt) {
  Bench bench;  // 1 J a step
  Trainer trainer(config_of(3), small_data(), {.metering = bench.metering, .budget = Joules(5.5)});
  std::string why;
  Hooks hooks = hundred_ms_a_step(bench);
  hooks.on_budget = [&](const std::string& reason) { why = reason; };
  EXPECT_TRUE(trainer.run_epoch(hooks));
  EXPECT_FALSE(trainer.run_epoch(hooks));
  EXPECT_EQ(trainer.epoch(), 1);
  EXPECT_EQ(trainer.batch(), 2);  // 6 J
  EXPECT_EQ(why, "the energy budget of 5.5 J is spent: 6 J (measured, gross)");

  // Resumed with the same budget it does not take another step; with more it goes on.
  for (const double budget : {5.5, 6.0}) {
    Bench again;
    Trainer resumed(config_of(3), small_data(),
                    {.metering = again.metering, .budget = Joules(budget)});
    resumed.load_state(copy_of(trainer.state()), trainer.metrics());
    EXPECT_FALSE(resumed.run_epoch(hundred_ms_a_step(again)));
    EXPECT_EQ(resumed.batch(), budget > 5.9 ? 3 : 2);  // 6 J do not exceed 6 J
  }
}

TEST(TrainingEnergy, BudgetNeedsAMeterAndANumber) {
  const auto refused = [](std::shared_ptr<Metering> metering, double joules) {
    return error_of([&] { EnergyAccount({.metering = metering, .budget = Joules(joules)}); });
  };
  EXPECT_EQ(refused(no_metering(), 5).substr(0, 78),
            "energy budget: it is one of measured energy, and no meter can be read (none: n");
  const Bench bench;
  EXPECT_EQ(refused(bench.metering, 0), "energy budget: must be positive and finite, got 0 J");
  EXPECT_NE(refused(bench.metering, -1).find("got -1 J"), std::string::npos);
  EXPECT_NE(refused(bench.metering, NAN).find("got nan J"), std::string::npos);
}

TEST(TrainingEnergy, AMeterThatDiesStopsNothingButABudget) {
  for (const bool budget : {false, true}) {
    Bench bench;
    Accounting accounting{.metering = bench.metering};
    if (budget) accounting.budget = Joules(1000);
    Trainer trainer(config_of(3), small_data(), accounting);
    Hooks hooks = hundred_ms_a_step(bench);
    trainer.run_epoch(hooks);
    std::string why;
    hooks.on_budget = [&](const std::string& reason) { why = reason; };
    bench.meter->failure = "the GPU is lost";
    EXPECT_EQ(trainer.run_epoch(hooks), !budget);
    EXPECT_EQ(why.empty(), !budget);
    if (budget) continue;
    trainer.run_epoch(hooks);
    const auto& epochs = trainer.metrics();
    EXPECT_EQ(measured(epochs[0].energy.training).gross.value(), Joules(4));
    const auto gross = measured(whole(total_energy(epochs))).gross;
    ASSERT_FALSE(gross.available());
    EXPECT_EQ(gross.reason().find("epoch 2, training: the GPU is lost"), 0u) << gross.reason();
    EXPECT_EQ(ticks(total_energy(epochs).training), 4000);
    EXPECT_TRUE(modelled(epochs[2].energy.training, energy::horowitz45()).available());
  }
}

TEST(TrainingEnergy, IsSplitByTheIdlePower) {
  energy::MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(1e-3);
  Bench bench(info);
  bench.metering->measure_idle_power(Seconds(2));
  bench.power.milliwatts = 30'000;
  Trainer trainer(config_of(1), small_data(), {.metering = bench.metering});
  trainer.run_epoch(hundred_ms_a_step(bench));
  const auto split = measured(trainer.metrics()[0].energy.training);
  EXPECT_EQ(split.gross.value(), Joules(12));
  // A millisecond at 30 W, half of it at either edge, and a tick.
  EXPECT_NEAR(split.gross.uncertainty()->value(), 0.031, 1e-12);
  EXPECT_EQ(split.idle.quality(), energy::Quality::attributed);
  EXPECT_NEAR(split.idle.value().value(), 4, 1e-9);
  EXPECT_NEAR(split.dynamic.value().value(), 8, 1e-9);

  bench.metering->state_idle_power(Watts(20));
  Trainer stated(config_of(1), small_data(), {.metering = bench.metering});
  stated.run_epoch(hundred_ms_a_step(bench));
  const auto by_stated = measured(stated.metrics()[0].energy.training);
  EXPECT_EQ(by_stated.idle.quality(), energy::Quality::modelled);
  EXPECT_NEAR(by_stated.dynamic.value().value(), 4, 1e-9);
}

TEST(TrainingEnergy, OfSeveralMetersIsTheirSum) {
  const energy::WindowSum cpu{.meter = "rapl", .unit = Joules(1), .ticks = 3, .nanoseconds = 10};
  energy::WindowSum gpu{.meter = "nvml", .unit = Joules(.5), .ticks = 4, .nanoseconds = 10};
  const auto both = [&] { return energy::total(std::vector{cpu, gpu}); };
  EXPECT_EQ(both().gross.value(), Joules(5));
  EXPECT_EQ(both().gross.source(), "rapl + nvml");
  gpu.idle_stated = true;
  EXPECT_EQ(both().idle.reason(), "it is attributed for one meter and modelled for another");
  gpu.missing = "lost";
  EXPECT_EQ(both().gross.reason(), "lost");
}

TEST(TrainingEnergy, IsReadBackExactly) {
  Bench bench;
  bench.metering->measure_idle_power(Seconds(2));
  Trainer trainer(config_of(2), small_data(), {.metering = bench.metering});
  while (!trainer.finished()) trainer.run_epoch(hundred_ms_a_step(bench));
  const std::string text = to_jsonl(trainer.metrics());
  EXPECT_EQ(to_jsonl(parse_jsonl(text)), text);
  EXPECT_EQ(parse_jsonl(text)[1].energy.training.measured,
            trainer.metrics()[1].energy.training.measured);
}

TEST(Prediction, IsStudentsInterval) {
  const auto epoch = [](double joules, std::optional<Joules> width = {}) {
    return Figure<Joules>::measured(Joules(joules), width, "m");
  };
  // Mean 11, s = sqrt 2, t(1) = 12.706; 4 to come: 12.706 sqrt 2 sqrt(4 + 16 / 2).
  const auto two = predict_total(std::vector{epoch(10), epoch(12)}, 6);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->after_epoch, 2);
  EXPECT_NEAR(two->energy.value(), 66, 1e-12);
  EXPECT_NEAR(two->half_width.value(), 62.2464, 1e-4);
  // Mean 11, s = 1, t(2) = 4.303; one to come: 4.303 sqrt(1 + 1/3), and 0.6 (1 + 1/3) of
  // bounds.
  const auto three = predict_total(
      std::vector{epoch(10, Joules(.1)), epoch(12, Joules(.2)), epoch(11, Joules(.3))}, 4);
  EXPECT_NEAR(three->energy.value(), 44, 1e-12);
  EXPECT_NEAR(three->half_width.value(), 4.96868 + 0.8, 1e-4);
  EXPECT_FALSE(predict_total(std::vector{epoch(10)}, 4)) << "one epoch has no spread";
  EXPECT_FALSE(predict_total(std::vector{epoch(10), epoch(12)}, 2)) << "nothing is to come";
  EXPECT_FALSE(predict_total(std::vector{epoch(10), Figure<Joules>::unavailable("m", "lost")}, 4));
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
    ASSERT_EQ(predictions.size(), 2u);
    EXPECT_EQ(predictions[1].after_epoch, 3);
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

TEST(BestPerJoule, CountsWhatWasSpentUntilThen) {
  const std::vector<EpochMetrics> epochs{{.epoch = 1, .test_accuracy = .2},
                                         {.epoch = 2, .test_accuracy = .9},
                                         {.epoch = 3, .test_accuracy = .95}};
  EpochFigures spent(3, Figure<Joules>::measured(Joules(10), {}, "m"));
  const auto best = best_per_joule(epochs, spent);
  ASSERT_TRUE(best);
  EXPECT_EQ(best->epoch, 2);
  EXPECT_EQ(best->spent, Joules(20));
  EXPECT_EQ(best->accuracy_per_joule, .9 / 20);
  spent[1] = Figure<Joules>::unavailable("m", "lost");
  EXPECT_EQ(best_per_joule(epochs, spent)->epoch, 1);
  spent[0] = spent[1];
  EXPECT_FALSE(best_per_joule(epochs, spent));
}

TEST(Footprint, IsBesideTheEnergy) {
  Bench bench;
  RunEnergy run{.footprint = {.grams_per_kwh = 360, .pue = 1.5}};
  Trainer trainer(config_of(1), small_data(), {.metering = bench.metering});
  trainer.run_epoch(hundred_ms_a_step(bench));
  run.epochs = trainer.metrics();
  const auto json = nlohmann::json::parse(to_json(run));
  EXPECT_EQ(json["total"]["gross"]["value"], 4.0);
  EXPECT_EQ(json["facility_energy"]["value"], 6.0);
  EXPECT_NEAR(json["carbon"]["value"].get<double>(), 4 / 3.6e6 * 360, 1e-12);
  EXPECT_NEAR(json["facility_carbon"]["value"].get<double>(), 6 / 3.6e6 * 360, 1e-12);
  run.epochs[0].energy.training.measured[0].missing = "lost";
  EXPECT_EQ(nlohmann::json::parse(to_json(run))["carbon"]["value"], nullptr);

  EXPECT_EQ(error_of([] { check(Footprint{.grams_per_kwh = -1}); }),
            "carbon intensity: expected a number of grams per kWh >= 0, got -1");
  EXPECT_EQ(error_of([] { check(Footprint{.pue = .9}); }), "pue: expected a factor >= 1, got 0.9");
}

}  // namespace
}  // namespace joule::training
