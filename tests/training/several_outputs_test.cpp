// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>

#include "joule/core/random.h"
#include "joule/layers/functions.h"
#include "joule/optim/optimizers.h"
#include "joule/tests/training/training_cases.h"
#include "joule/training/components.h"
#include "joule/training/inference.h"
#include "joule/training/stopping/train_until.h"

// Nets of several outputs: two that are trained as one.
namespace joule::training {
namespace {

using namespace training_cases;

/// Images of 12x12x1, 4 classes: a trunk of a convolution, and two heads.
nn::Graph two_headed() {
  return {.name = "two-headed",
          .inputs = {{"input", {12, 12, 1}}},
          .nodes = {{.name = "conv",
                     .kind = "Conv2d",
                     .attributes = {{"in", std::int64_t{1}},
                                    {"out", std::int64_t{6}},
                                    {"kernel", std::vector<std::int64_t>{3, 3}}},
                     .inputs = {"input"}},
                    {.name = "relu", .kind = "ReLU", .inputs = {"conv"}},
                    {.name = "flat", .kind = "Flatten", .inputs = {"relu"}},
                    {.name = "hidden",
                     .kind = "Linear",
                     .attributes = {{"in", std::int64_t{600}}, {"out", std::int64_t{20}}},
                     .inputs = {"flat"}},
                    {.name = "active", .kind = "ReLU", .inputs = {"hidden"}},
                    {.name = "full",
                     .kind = "Linear",
                     .attributes = {{"in", std::int64_t{20}}, {"out", std::int64_t{4}}},
                     .inputs = {"active"}},
                    {.name = "short",
                     .kind = "Linear",
                     .attributes = {{"in", std::int64_t{600}}, {"out", std::int64_t{4}}},
                     .inputs = {"flat"}}},
          .outputs = {"full", "short"}};
}

Config plain_config(std::int64_t epochs = 3) {
  return {.model = "two-headed",
          .net = to_json(two_headed()),
          .data = "synthetic",
          .validation = 0,
          .epochs = epochs,
          .batch = 14,
          .lr = 0.05,
          .schedule = "constant",
          .deterministic = true};
}

Trainee trainee_of(const nn::Graph& graph, const Dataset& images, const Config& config) {
  manual_seed(config.seed);
  return {.model = {.spec = {.name = graph.name, .image = {12, 12}, .channels = 1, .classes = 4},
                    .net = nn::Net(graph),
                    .data = "synthetic",
                    .mean = images.mean,
                    .deviation = images.deviation},
          .optimizer = [config](std::vector<NamedTensor> parameters) {
            return make_optimizer(config, std::move(parameters));
          }};
}

nn::Net head_of(const nn::Graph& graph, std::size_t output, const nn::Module& whole) {
  const nn::Graph part = one_output(graph, output);
  nn::Net net(part);
  State weights;
  for (const auto& [name, shape] : weights_of(part)) {
    weights.tensors[name] = whole.state().tensors.at(name);
  }
  net.load_state(weights);
  return net;
}

Batch first_images(const Dataset& images) {
  const std::vector<std::int64_t> which{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  return DataLoader(images, {.batch = 14}).make_batch(which);
}

TEST(SeveralOutputs, OneOutputHasTheNodesThatLeadThere) {
  const nn::Graph full = one_output(two_headed(), 0), brief = one_output(two_headed(), 1);
  EXPECT_EQ(full.nodes.size(), 6u);
  EXPECT_EQ(full.outputs, std::vector<std::string>{"full"});
  ASSERT_EQ(brief.nodes.size(), 4u);
  EXPECT_EQ(brief.nodes.back().name, "short");
  EXPECT_EQ(error_of([] { one_output(two_headed(), 2); }), "graph: there is no output 2 of 2");
}

TEST(SeveralOutputs, TheLossIsTheSumAndTheTrunkRunsOnce) {
  const DataSplit data = small_data();
  const Config config = plain_config();
  Trainee trainee = trainee_of(two_headed(), data.train, config);
  nn::Net& net = trainee.model.net;
  const Batch batch = first_images(data.train);
  double sum = 0;
  for (const std::size_t output : {0u, 1u}) {
    nn::Net head = head_of(two_headed(), output, net);
    sum += cross_entropy(head(batch.images), batch.labels).item();
  }
  TrainingStep step(config, net, data.train.image_shape());
  energy::Ledger ledger;
  TrainingStep::Output out;
  {
    const energy::Recording recording(ledger);
    out = step.run(batch, 0);
  }
  EXPECT_NEAR(out.cross_entropy.item(), sum, 1e-6 * sum);
  const auto calls = [&](std::string_view layer, Phase phase) {
    return ledger
        .total([&](const energy::Ledger::Line& line) {
          return line.run.scope.layer == layer && line.run.scope.phase == phase &&
                 line.work.macs > 0;
        })
        .work.macs;
  };
  EXPECT_EQ(calls("conv", Phase::forward), 14 * 100 * 6 * 9);
  EXPECT_EQ(calls("full", Phase::forward), 14 * 20 * 4);
  EXPECT_EQ(calls("short", Phase::forward), 14 * 600 * 4);
}

TEST(SeveralOutputs, TheTrunksGradientIsTheSumOfTheHeads) {
  const DataSplit data = small_data();
  const Config config = plain_config();
  Trainee trainee = trainee_of(two_headed(), data.train, config);
  nn::Net& net = trainee.model.net;
  const Batch batch = first_images(data.train);
  std::vector<float> expected(54, 0);
  for (const std::size_t output : {0u, 1u}) {
    nn::Net head = head_of(two_headed(), output, net);
    cross_entropy(head(batch.images), batch.labels).backward();
    const auto grad = head.parameters()[0].tensor.grad().values<float>();
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += grad[i];
  }
  TrainingStep(config, net, data.train.image_shape()).run(batch, 0);
  const auto grad = net.parameters()[0].tensor.grad().values<float>();
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(grad[i], expected[i], 1e-5);
}

TEST(SeveralOutputs, EachAloneIsTheTwoHeadedNetsOutput) {
  const DataSplit data = small_data();
  const Config config = plain_config();
  Trainer trainer(config, data, trainee_of(two_headed(), data.train, config));
  ASSERT_TRUE(train_until(trainer, {}));
  nn::Net& net = trainer.model().net;
  const Batch batch = first_images(data.test);
  const Inference inference(net);
  const std::vector<Tensor> outputs = net.run(batch.images);
  double losses = 0;
  for (const std::size_t output : {0u, 1u}) {
    nn::Net head = head_of(two_headed(), output, net);
    head.eval();
    const Tensor logits = head(batch.images);
    const auto alone = logits.values<float>(), together = outputs[output].values<float>();
    for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(alone[i], together[i], 1e-5);
    losses += evaluate(head, data.test)->loss;
  }
  const auto both = evaluate(net, data.test);
  EXPECT_NEAR(both->loss, losses, 1e-5);
  nn::Net full = head_of(two_headed(), 0, net);
  EXPECT_EQ(both->correct, evaluate(full, data.test)->correct);
}

TEST(SeveralOutputs, LogitsThatAreNotFiniteAreFoundInEveryOutput) {
  const DataSplit data = small_data();
  Trainee trainee = trainee_of(two_headed(), data.train, plain_config());
  for (const auto& [name, tensor] : trainee.model.net.parameters()) {
    if (name == "short.bias") tensor.mutable_data<float>()[1] = std::nanf("");
  }
  const std::string error = error_of([&] { evaluate(trainee.model.net, data.test); });
  EXPECT_NE(error.find("the net's short.bias holds such values"), std::string::npos) << error;
}

TEST(TrainUntil, KeepsTheBestEpochAndStopsWhenNoneIsBetter) {
  const DataSplit data = small_data();
  Config config = plain_config(200);
  config.lr = 0.3;  // overshoots soon
  config.clip_norm = 1;
  Trainer trainer(config, data, trainee_of(two_headed(), data.train, config));
  const auto result = train_until(trainer, {.patience = 2});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->ending, Ending::patience);
  EXPECT_EQ(result->epochs, result->best_epoch + 2);
  EXPECT_EQ(std::ssize(result->judged), result->epochs);
  EXPECT_EQ(result->judged[static_cast<std::size_t>(result->best_epoch - 1)], result->best_loss);
  EXPECT_NEAR(evaluate(trainer.model().net, data.test)->loss, result->best_loss, 1e-6);
}

TEST(TrainUntil, EndsByEpochsTimeOrBecauseItIsAsked) {
  const DataSplit data = small_data();
  const Config few = plain_config(2), many = plain_config(100'000);
  Trainer by_epochs(few, data, trainee_of(two_headed(), data.train, few));
  EXPECT_EQ(train_until(by_epochs, {.patience = 50})->ending, Ending::epochs);
  Trainer by_time(many, data, trainee_of(two_headed(), data.train, many));
  const auto timed = train_until(by_time, {.seconds = 1e-9});
  EXPECT_EQ(timed->ending, Ending::time);
  EXPECT_EQ(timed->epochs, 0);
  EXPECT_EQ(timed->steps, 1);
  Trainer asked(many, data, trainee_of(two_headed(), data.train, many));
  EXPECT_FALSE(train_until(asked, {}, {.stop = [] { return true; }}));
  EXPECT_EQ(error_of([&] { train_until(by_time, {}); }), "training: it has begun already");
}

}  // namespace
}  // namespace joule::training
