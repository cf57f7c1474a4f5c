// SPDX-License-Identifier: MIT
#include "joule/training/lambda_control.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "joule/tests/training/training_cases.h"
#include "joule/training/run/reference.h"

namespace joule::training {
namespace {

using namespace training_cases;

TEST(LambdaControl, IsTheLaw) {
  LambdaControl control;
  EXPECT_EQ(control.lambda(), 0.03);
  control.steer(0.25, 0.01);
  EXPECT_DOUBLE_EQ(control.state().integral, 0.03 * std::exp(40 * 0.25 * 0.01));
  EXPECT_DOUBLE_EQ(control.lambda(), 0.03 * std::exp(40 * 0.25 * 0.01 + 8 * 0.25));
  control.steer(-0.25, 0.01);
  EXPECT_NEAR(control.state().integral, 0.03, 1e-15);
  EXPECT_NEAR(control.lambda(), 0.03 * std::exp(-8 * 0.25), 1e-15);
  // An error of more than a half counts as that, and the integral moves by e-fold at most.
  control.steer(7, 0.01);
  EXPECT_NEAR(control.lambda(), 0.03 * std::exp(40 * 0.5 * 0.01 + 4), 1e-14);
  control.set_state({.lambda = 0.1, .integral = 0.1});
  control.steer(-0.5, 1);
  EXPECT_NEAR(control.state().integral, 0.1 * std::exp(-1), 1e-15);
  const double lambda = control.lambda();
  control.steer(std::nan(""), 1);
  EXPECT_EQ(control.lambda(), lambda);
}

TEST(LambdaControl, KeepsNothingOfWhatExceedsABound) {
  LambdaControl control;
  for (int i = 0; i < 100; ++i) control.steer(1, 1);
  EXPECT_EQ(control.lambda(), LambdaControl::kMost);
  EXPECT_EQ(control.state().integral, LambdaControl::kMost);
  control.steer(-1, 1);
  EXPECT_DOUBLE_EQ(control.lambda(), LambdaControl::kMost * std::exp(-1 - 4));
  for (int i = 0; i < 100; ++i) control.steer(-1, 1);
  EXPECT_EQ(control.lambda(), LambdaControl::kLeast);
  EXPECT_EQ(error_of([&] { control.set_state({.integral = 0}); }),
            "lambda must be from 0.0001 to 10000, got 0");
}

TEST(LambdaControl, ATargetExcludesWhatItReplaces) {
  const auto refused = [](auto&& spoil) {
    Config config;
    spoil(config);
    return error_of([&] { check(config); });
  };
  EXPECT_EQ(refused([](Config& c) { c.target_density = 0.2; }), "no error");
  EXPECT_EQ(refused([](Config& c) { c.target_density = 1; }),
            "target_density: expected a share from 0 to below 1, got 1");
  EXPECT_EQ(refused([](Config& c) { c.target_density = 0.2, c.l0_lambda = 0.3; }),
            "target_density: steers lambda, but l0_lambda gives it: 0.3");
  EXPECT_EQ(refused([](Config& c) { c.target_joules = 1e-4, c.l0_warmup = 1; }),
            "target_joules: has a rise of lambda of its own, got l0_warmup 1");
  EXPECT_EQ(refused([](Config& c) { c.target_density = 0.2, c.target_joules = 1; }),
            "target_joules: lambda can be steered to one target, and there is target_density");
  EXPECT_EQ(refused([](Config& c) { c.target_joules = 1, c.validation = 0; }),
            "target_joules: is measured on images that are held back, got validation 0");
  EXPECT_EQ(refused([](Config& c) { c.target_accuracy_loss = 1; }),
            "target_accuracy_loss: needs the run that it is measured against, as reference");
  EXPECT_EQ(refused([](Config& c) { c.reference = "runs/a"; }),
            "reference: is that of target_accuracy_loss, which is not given");
}

/// A run steered to that density, of 2 epochs of 4 steps.
Config steered() {
  Config config = small_config();
  config.l0_lambda = config.l0_warmup = 0;
  config.target_density = 0.03;
  return config;
}

/// The lambda of a state.
double lambda_of(const Trainer& trainer) { return std::stod(trainer.state().values.at("lambda")); }

TEST(LambdaControl, RisesWhereThereIsTooMuchAndFallsWhereThereIsTooLittle) {
  Config config = steered();
  Trainer too_much(config, small_data());
  too_much.run_epoch();
  EXPECT_GT(lambda_of(too_much), LambdaControl::kStart);
  config.target_density = 0.99;
  Trainer too_little(config, small_data());
  too_little.run_epoch();
  EXPECT_LT(lambda_of(too_little), LambdaControl::kStart);
  const ControlMetrics control = too_little.metrics()[0].control.value();
  EXPECT_EQ(control.target, 0.99);
  EXPECT_EQ(control.lambda, lambda_of(too_little));
  const auto judged = evaluate(too_little.model().net, too_little.learning().validation);
  EXPECT_EQ(control.measured, all_relus(*judged).density());
  // A run whose lambda is given has nothing to say.
  Trainer given(small_config(), small_data());
  given.run_epoch();
  EXPECT_FALSE(given.metrics()[0].control);
  EXPECT_EQ(given.state().values.count("lambda"), 0u);
}

TEST(LambdaControl, JoulesAreThoseOfWhatIsExecuted) {
  Config config = steered();
  config.target_density = 0;
  config.target_joules = 1;
  Trainer trainer(config, small_data());
  trainer.run_epoch();
  EXPECT_LT(lambda_of(trainer), LambdaControl::kStart);  // any net costs less
  const auto judged = evaluate(trainer.model().net, trainer.learning().validation);
  const energy::Totals work = total_work(*judged);
  const double executed = static_cast<double>(work.work.macs - work.tally.macs_skipped);
  const double bytes = static_cast<double>(work.work.bytes_read + work.work.bytes_written);
  EXPECT_NEAR(trainer.metrics()[0].control->measured /
                  (1e-12 * (4.6 * executed + 243.75 * bytes) / static_cast<double>(judged->images)),
              1, 1e-9);
  // What is less than the bytes alone cost is out of reach: lambda rises all the same.
  config.target_joules = 1e-12;
  Trainer out_of_reach(config, small_data());
  out_of_reach.run_epoch();
  EXPECT_GT(lambda_of(out_of_reach), LambdaControl::kStart);
}

std::vector<Config> configs(const std::string& reference) {
  std::vector<Config> all(3, steered());
  all[1].target_density = 0;
  all[1].target_joules = 1e-6;
  all[2].target_density = 0;
  all[2].target_accuracy_loss = 5;
  all[2].reference = reference;
  return all;
}

TEST(LambdaControl, GoesOnFromAnyStepBitForBit) {
  const test::TemporaryFolder folder;
  Config plain = small_config();
  plain.l0_lambda = plain.l0_warmup = 0;
  const std::string reference = folder / "reference";
  ASSERT_TRUE(run_in_folder(reference, plain, Existing::refuse));
  for (const Config& config : configs(reference)) {
    SCOPED_TRACE(name(control_target(config)->what));
    Trainer whole(config, small_data());
    while (!whole.finished()) whole.run_epoch();
    std::vector<EpochMetrics> metrics;
    State state = Trainer(config, small_data()).state();
    for (int part = 0; part < 10; ++part) {
      Trainer resumed(config, small_data());
      resumed.load_state(state, metrics);
      resumed.run_epoch({.stop = [&] { return part % 5 != 4; }});
      state = resumed.state();
      metrics = parse_jsonl(to_jsonl(resumed.metrics()));
    }
    EXPECT_EQ(state.values.at("lambda"), whole.state().values.at("lambda"));
    EXPECT_NE(lambda_of(whole), LambdaControl::kStart);
    ASSERT_EQ(metrics.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(metrics[i].control->lambda, whole.metrics()[i].control->lambda);
      EXPECT_EQ(metrics[i].control->measured, whole.metrics()[i].control->measured);
      EXPECT_EQ(metrics[i].train_loss, whole.metrics()[i].train_loss);
    }
    State without = state;
    without.values.erase("lambda");
    Trainer refuses(config, small_data());
    EXPECT_EQ(error_of([&] { refuses.load_state(without, metrics); }),
              "checkpoint: 'lambda' is missing");
  }
}

TEST(LambdaControl, AReferenceIsAFinishedRunOfTheSameImages) {
  const test::TemporaryFolder folder;
  const std::string reference = folder / "reference";
  Config plain = small_config();
  const auto refused = [&](auto&& change) {
    Config config = configs(reference)[2];
    change(config);
    return error_of([&] { reference_accuracies(reference, config); });
  };
  const auto nothing = [](Config&) {};
  EXPECT_EQ(refused(nothing), reference + ": holds no run, to which --reference could compare");
  int steps = 0;
  run_in_folder(reference, plain, Existing::refuse, {.stop = [&] { return ++steps == 3; }});
  EXPECT_EQ(refused(nothing), reference + ": this run is not finished");
  const auto result = run_in_folder(reference, plain, Existing::resume);
  ASSERT_TRUE(result);
  const auto accuracies = reference_accuracies(reference, configs(reference)[2]);
  ASSERT_EQ(accuracies.size(), 2u);
  EXPECT_EQ(accuracies[1], result->energy.epochs[1].validation_accuracy);
  EXPECT_EQ(refused([](Config& c) { c.epochs = 3; }),
            "reference: " + reference + " has epochs 2, this run 3");
  EXPECT_EQ(refused([](Config& c) { c.validation = 0.2; }),
            "reference: " + reference + " has validation 0.1, this run 0.2");
}

}  // namespace
}  // namespace joule::training
