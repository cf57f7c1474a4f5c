// SPDX-License-Identifier: MIT
#include "joule/nas/import/run.h"

#include <gtest/gtest.h>

namespace joule::nas {
namespace {

Evaluation evaluation(double epochs, double accuracy, double kwh) {
  return {.epochs = epochs,
          .training_time = 10 * epochs,
          .train_accuracy = accuracy,
          .validation_accuracy = accuracy - 0.01,
          .test_accuracy = accuracy - 0.02,
          .energy = kwh,
          .co2eq = kwh * 100};
}

RecordedRun run(double half, double end) {
  return {.parameters = 1000,
          .total_time = 50,
          .total_energy = 0.5,
          .start = "2022-05-28 13:57:33",
          .gpus = {{.name = "a card", .watts = 150.5, .joules = 3000}},
          .evaluations = {evaluation(0, 0.1, 0), evaluation(half, 0.3, 0.125),
                          evaluation(end, 0.6, 0.25)}};
}

const Value* find(const std::vector<Value>& values, const std::string& name, Checkpoint at) {
  for (const Value& value : values) {
    if (value.metric.name == name && value.metric.at == at) return &value;
  }
  return nullptr;
}

TEST(RecordedRun, ConvertsKilowattHoursAndKeepsGrams) {
  const std::vector<Value> values = values_of(run(2, 4), 4, EnergyKind::automatic, "a file");
  const Value* const energy = find(values, kEnergy, Checkpoint::end);
  ASSERT_TRUE(energy);
  EXPECT_EQ(energy->number, 900000) << "0.25 kWh";
  EXPECT_EQ(energy->metric.unit, "J");
  EXPECT_EQ(energy->origin.quality, Quality::measured);
  EXPECT_EQ(find(values, kTotalEnergy, Checkpoint::run)->number, 1.8e6);
  EXPECT_EQ(find(values, kCo2eq, Checkpoint::end)->number, 25);
  EXPECT_EQ(find(values, kCo2eq, Checkpoint::end)->metric.unit, "g");
  EXPECT_EQ(find(values, kEnergy, Checkpoint::half)->number, 450000);
  EXPECT_EQ(find(values, kEpochs, Checkpoint::half)->number, 2);
  EXPECT_EQ(find(values, kValidationAccuracy, Checkpoint::half)->number, 0.3 - 0.01);
  EXPECT_EQ(find(values, "gpu 0 power", Checkpoint::run)->number, 150.5);
  EXPECT_EQ(find(values, kParameters, Checkpoint::run)->origin.quality, Quality::counted);
  EXPECT_EQ(find(values, "started", Checkpoint::run)->number, 1653746253) << "as UTC";
  for (const Value& value : values) check(value);
}

TEST(RecordedRun, OfAScaledRunTheEndAloneIsKept) {
  // The checkpoint in between is that of the run of 4 epochs.
  const std::vector<Value> values = values_of(run(2, 108), 108, EnergyKind::automatic, "a file");
  const Value* const energy = find(values, kEnergy, Checkpoint::end);
  EXPECT_EQ(energy->origin.quality, Quality::modelled);
  EXPECT_EQ(energy->origin.source, "a file, scaled linearly from a run of 4 epochs");
  EXPECT_EQ(find(values, kTrainingTime, Checkpoint::end)->origin.quality, Quality::modelled);
  EXPECT_FALSE(find(values, kEnergy, Checkpoint::half));
  EXPECT_FALSE(find(values, "gpu 0 energy", Checkpoint::run));
  EXPECT_EQ(find(values, kTotalEnergy, Checkpoint::run)->origin.quality, Quality::unavailable);
  EXPECT_FALSE(find(values, kTotalEnergy, Checkpoint::run)->number);
  EXPECT_EQ(find(values, kValidationAccuracy, Checkpoint::end)->origin.quality, Quality::measured);
  for (const Value& value : values) check(value);
  // As NAS-Bench-101 measured it: half of the budget.
  const std::vector<Value> measured = values_of(run(54, 108), 108, EnergyKind::automatic, "a");
  EXPECT_EQ(find(measured, kEnergy, Checkpoint::end)->origin.quality, Quality::measured);
  EXPECT_TRUE(find(measured, kEnergy, Checkpoint::half));
  // EC-NAS's first repeat took it after 1 of 4 epochs.
  EXPECT_TRUE(find(values_of(run(1, 4), 4, EnergyKind::automatic, "a"), kEnergy, Checkpoint::half));
}

TEST(RecordedRun, CopiesOfTheLastAccuraciesAreLeftOut) {
  RecordedRun copies = run(2, 4);
  for (Evaluation& one : copies.evaluations) {
    one.train_accuracy = 0.9;
    one.validation_accuracy = 0.8;
    one.test_accuracy = 0.7;
  }
  const std::vector<Value> values = values_of(copies, 4, EnergyKind::automatic, "a file");
  const Value* const half = find(values, kValidationAccuracy, Checkpoint::half);
  EXPECT_EQ(half->origin.quality, Quality::unavailable);
  EXPECT_EQ(half->origin.reason, "the file repeats that of the end");
  EXPECT_EQ(find(values, kValidationAccuracy, Checkpoint::end)->origin.source,
            "a file, NAS-Bench-101: mean of its repeats");
  EXPECT_EQ(find(values, kEnergy, Checkpoint::half)->number, 450000) << "which was measured";
}

TEST(RecordedRun, WhatASurrogatePredictedIsModelled) {
  const std::vector<Value> values = values_of(run(2, 4), 4, EnergyKind::surrogate, "a file");
  EXPECT_EQ(find(values, kEnergy, Checkpoint::end)->origin.quality, Quality::modelled);
  EXPECT_EQ(find(values, kEnergy, Checkpoint::end)->origin.source,
            "a file, predicted by the authors' surrogate");
  EXPECT_EQ(find(values, kValidationAccuracy, Checkpoint::end)->origin.quality, Quality::measured);
}

TEST(RecordedRun, RefusesWhatDoesNotFit) {
  const auto error_of = [](const RecordedRun& run, std::int64_t epochs) -> std::string {
    try {
      values_of(run, epochs, EnergyKind::automatic, "a file");
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of(run(2, 4), 12), "the budget is 12 epochs, the last evaluation was after 4");
  RecordedRun two = run(2, 4);
  two.evaluations.pop_back();
  EXPECT_EQ(error_of(two, 4), "expected 3 evaluations (start, half, end), got 2");
  for (const char* const time : {"2022-13-28 13:57:33", "yesterday", "2022-05-28 13:57:33x"}) {
    RecordedRun wrong = run(2, 4);
    wrong.start = time;
    EXPECT_NE(error_of(wrong, 4).find("expected a time such as"), std::string::npos) << time;
  }
}

TEST(RecordedRun, KindsOfEnergyHaveNames) {
  EXPECT_EQ(parse_energy_kind("scaled"), EnergyKind::scaled);
  EXPECT_EQ(name(EnergyKind::surrogate), "surrogate");
  EXPECT_THROW(parse_energy_kind("guessed"), ArgumentError);
}

}  // namespace
}  // namespace joule::nas
