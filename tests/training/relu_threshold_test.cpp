// SPDX-License-Identifier: MIT
#include "joule/training/relu_threshold.h"

#include <gtest/gtest.h>

#include <array>

#include "joule/layers/taps.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/training/training_cases.h"
#include "joule/training/inference.h"

namespace joule::training {
namespace {

using training_cases::error_of;
using training_cases::small_config;
using training_cases::small_data;

Model trained_model() {
  Config config = small_config();
  config.l0_lambda = config.l0_warmup = 0;
  Trainer trainer(config, small_data());
  while (!trainer.finished()) trainer.run_epoch();
  return std::move(trainer.model());
}

ThresholdedModel thresholded(Model& model, const Dataset& images, double most_lost) {
  return std::move((*threshold_relus(model, images, std::array{most_lost}))[0]);
}

/// What each ReLU puts out for the images.
std::map<std::string, Tensor> outputs_of(Model& model, const Dataset& images) {
  const Inference inference(model.net);
  const DataLoader loader(images, {.batch = images.size(), .shuffle = false, .workers = 0});
  TapCollector collector({});
  model.net((*loader.begin()).images);
  std::map<std::string, Tensor> outputs;
  for (const Tap& tap : collector.take()) outputs[std::string(tap.layer)] = tap.value;
  return outputs;
}

TEST(ReluThreshold, OutputsAreZeroOrAboveIt) {
  Model model = trained_model();
  const Dataset images = model.prepare(small_data().test);
  const ReluThresholds thresholds{{"relu1", 0.3f}, {"relu3", 0.7f}};
  Model changed = with_relu_thresholds(model, thresholds);
  auto before = outputs_of(model, images), after = outputs_of(changed, images);
  ASSERT_EQ(after.size(), 4u);
  for (std::int64_t i = 0; i < before["relu1"].numel(); ++i) {
    const float x = before["relu1"].data<float>()[i];
    ASSERT_EQ(after["relu1"].data<float>()[i], x > 0.3f ? x : 0);
  }
  for (const float y : after["relu3"].values<float>()) ASSERT_TRUE(y == 0 || y > 0.7f) << y;
  EXPECT_LT(after["relu3"].nonzeros(), before["relu3"].nonzeros());
  EXPECT_EQ(model.spec.name, "lenet5");
  EXPECT_EQ(changed.spec.name, "lenet5-thresholded");
  // What another threshold is not given for stays.
  Model again = with_relu_thresholds(changed, {{"relu3", 0.8f}});
  EXPECT_EQ(again.spec.name, "lenet5-thresholded");
  test::expect_same_bits(outputs_of(again, images)["relu1"], after["relu1"]);
}

TEST(ReluThreshold, AFileHoldsIt) {
  Model model = trained_model();
  Model changed = with_relu_thresholds(model, {{"relu2", 0.25f}});
  const test::TemporaryFolder folder;
  save_model(folder / "model.safetensors", changed);
  Model loaded = load_model(folder / "model.safetensors");
  const Dataset images = model.prepare(small_data().test);
  const Evaluation expected = *evaluate(changed.net, images), got = *evaluate(loaded.net, images);
  EXPECT_EQ(got.loss, expected.loss);
  EXPECT_EQ(got.relus[1].nonzeros, expected.relus[1].nonzeros);
  EXPECT_NE(got.relus[1].nonzeros, evaluate(model.net, images)->relus[1].nonzeros);
}

TEST(ReluThreshold, LosesNoMoreThanItMay) {
  Model model = trained_model();
  const Dataset images = model.prepare(small_data().train);
  const std::int64_t of_all = all_relus(*evaluate(model.net, images)).nonzeros;
  std::int64_t nonzeros = of_all;
  for (const double most_lost : {0.0, 10.0, 100.0}) {
    ThresholdedModel found = thresholded(model, images, most_lost);
    const Evaluation judged = *evaluate(found.model.net, images);
    EXPECT_EQ(judged.correct, found.after.correct);
    EXPECT_EQ(found.before.correct, evaluate(model.net, images)->correct);
    EXPECT_GE(100 * judged.accuracy(), 100 * found.before.accuracy() - most_lost);
    const std::int64_t now = all_relus(judged).nonzeros;
    EXPECT_LE(now, nonzeros) << most_lost;
    nonzeros = now;
    // A threshold is never lowered.
    const ThresholdedModel again = thresholded(found.model, images, 0);
    for (const auto& [layer, threshold] : found.thresholds) {
      EXPECT_GE(again.thresholds.at(layer), threshold);
    }
  }
  EXPECT_LT(nonzeros, of_all / 5);
}

TEST(ReluThreshold, SeveralAreWhatEachIsAlone) {
  Model model = trained_model();
  const Dataset images = model.prepare(small_data().test);
  const std::array most_lost = {50.0, 0.0};
  std::int64_t steps = 0;
  const auto found =
      *threshold_relus(model, images, most_lost, {.progress = [&](auto done, auto all) {
                         EXPECT_EQ(all, 1 + 1 + 4 * 9 + 2 * 7);  // 4 ReLUs
                         EXPECT_EQ(done, ++steps);
                       }});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(steps, 52);
  for (std::size_t i = 0; i < most_lost.size(); ++i) {
    const ThresholdedModel alone = thresholded(model, images, most_lost[i]);
    EXPECT_EQ(found[i].thresholds, alone.thresholds) << most_lost[i];
    EXPECT_EQ(found[i].after.loss, alone.after.loss) << most_lost[i];
  }
  EXPECT_NE(found[0].thresholds, found[1].thresholds);
}

TEST(ReluThreshold, LeavesAloneWhatSavesNextToNothing) {
  const DataSplit data = small_data();
  manual_seed(1);
  Model model = make_model_for("small-cnn", "synthetic", data.train);
  const ThresholdedModel found = thresholded(model, model.prepare(data.test), 100);
  // 4 classes read the outputs of the last, 9 taps of 64 channels those of the first.
  EXPECT_EQ(found.thresholds.at("relu4"), 0);
  for (const char* layer : {"relu1", "relu2", "relu3"}) EXPECT_GT(found.thresholds.at(layer), 0);
}

TEST(ReluThreshold, CanBeStopped) {
  Model model = trained_model();
  int left = 3;
  const Dataset images = model.prepare(small_data().test);
  EXPECT_FALSE(
      threshold_relus(model, images, std::array{1.0}, {.stop = [&] { return --left < 0; }}));
}

TEST(ReluThreshold, ErrorsSayWhatIsWrong) {
  Model model = trained_model();
  const Dataset images = model.prepare(small_data().test);
  EXPECT_EQ(error_of([&] {
              with_relu_thresholds(model, {{"conv1", 0.1f}});
            }),
            "relu_threshold: lenet5 has no ReLU 'conv1'");
  EXPECT_EQ(error_of([&] {
              threshold_relus(model, images, std::array{1.0, -1.0});
            }),
            "relu_threshold: what may be lost must not be negative, got -1");
  const test::TemporaryFolder folder;
  EXPECT_EQ(error_of([&] { held_back(folder.path().string(), model); }),
            str("held back: ", folder.path().string(),
                " is not the folder of a run, which would say which images it held back"));
}

}  // namespace
}  // namespace joule::training
