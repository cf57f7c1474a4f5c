// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstring>

#include "joule/core/backend/backend.h"
#include "joule/data/synthetic.h"
#include "joule/layers/functions.h"
#include "joule/models/models.h"
#include "joule/optim/optimizers.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"
#include "joule/training/evaluate.h"
#include "joule/training/run/model_file.h"
#include "joule/training/trainer.h"

// Whole steps on the CUDA device, beside the same steps on the CPU.
namespace joule {
namespace {

using namespace test;

constexpr std::int64_t kBatch = 2, kSteps = 2;

class CudaTraining : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  }
};

struct Batch {
  Tensor images, labels;
};

Batch batch_for(const ModelSpec& spec) {
  Batch batch{random_tensor({kBatch, spec.image.h, spec.image.w, spec.channels}, 1),
              Tensor({kBatch}, DType::i32)};
  std::int32_t* const labels = batch.labels.mutable_data<std::int32_t>();
  for (std::int64_t i = 0; i < kBatch; ++i) labels[i] = static_cast<std::int32_t>(i % spec.classes);
  return batch;
}

/// The losses of a few steps with the L0 penalty, and what they make of the parameters.
struct Result {
  std::vector<double> losses;
  std::map<std::string, Tensor> tensors;  // on the CPU
};

Result train(const ModelSpec& spec, Device device) {
  manual_seed(3);
  nn::Sequential net = make_model(spec);
  net.to(device);
  const Batch batch = batch_for(spec);
  const Tensor images = batch.images.to(device), labels = batch.labels.to(device);
  Sgd optimizer(net.parameters(), {.lr = 0.01, .momentum = 0.9, .weight_decay = 1e-3});
  Result result;
  for (std::int64_t i = 0; i < kSteps; ++i) {
    auto [logits, taps] = net.forward_with_taps(images, {.sigma = 1e-2f});
    const Tensor penalty = l0_penalty(taps, {.lambda = 0.1f, .sigma = 1e-2f});
    const Tensor loss = add(cross_entropy(logits, labels), penalty);
    loss.backward();
    clip_grad_norm(net.parameters(), 1.0);
    optimizer.step();
    optimizer.zero_grad();
    result.losses.push_back(loss.item());
  }
  for (const auto& [name, tensor] : net.state().tensors) {
    result.tensors.emplace(name, tensor.to(Device::cpu));
  }
  return result;
}

/// Three steps of a net amplify roundings: by how much depends on the net, but a gradient that is
/// wrong anywhere shows in the first digits.
void expect_alike(const Result& actual, const Result& expected, double tolerance) {
  for (std::size_t i = 0; i < expected.losses.size(); ++i) {
    EXPECT_NEAR(actual.losses[i], expected.losses[i], tolerance * expected.losses[i]) << i;
  }
  for (const auto& [name, tensor] : expected.tensors) {
    const auto found = actual.tensors.find(name);
    ASSERT_NE(found, actual.tensors.end()) << name;
    double difference = 0, norm = 0;
    for (std::int64_t i = 0; i < tensor.numel(); ++i) {
      const double e = tensor.data<float>()[i], a = found->second.data<float>()[i];
      difference += (a - e) * (a - e);
      norm += e * e;
    }
    EXPECT_LE(std::sqrt(difference), tolerance * std::sqrt(norm) + 1e-7) << name;
  }
}

const ModelSpec kSmallCnn{.name = "small-cnn", .image = 28, .channels = 1, .classes = 10};

TEST_F(CudaTraining, SmallCnnLearnsWhatItLearnsOnTheCpu) {
  expect_alike(train(kSmallCnn, Device::cuda), train(kSmallCnn, Device::cpu), 1e-4);
}

TEST_F(CudaTraining, TheSameBitsAgainAndAgain) {
  const Result first = train(kSmallCnn, Device::cuda), second = train(kSmallCnn, Device::cuda);
  EXPECT_EQ(first.losses, second.losses);
  for (const auto& [name, tensor] : first.tensors) {
    SCOPED_TRACE(name);
    expect_same_bits(second.tensors.at(name), tensor);
  }
}

TEST_F(CudaTraining, AllMemoryIsGivenBack) {
  const std::int64_t before = memory_stats(Device::cuda).in_use;
  train(kSmallCnn, Device::cuda);
  EXPECT_EQ(memory_stats(Device::cuda).in_use, before);
}

TEST_F(CudaTraining, ANetIsSavedFromTheDeviceAndLoadedOntoTheCpu) {
  manual_seed(5);
  training::Model model{.spec = kSmallCnn, .net = make_model(kSmallCnn), .data = "synthetic"};
  model.mean = {0};
  model.deviation = {1};
  const Batch batch = batch_for(kSmallCnn);
  const Tensor expected = training::predict(model.net, batch.images);
  model.net.to(Device::cuda);
  const TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  training::save_model(path, model);
  training::Model loaded = training::load_model(path);
  expect_same_bits(training::predict(loaded.net, batch.images), expected);
}

/// Three whole batches and a smaller one per epoch.
training::Trainer make_trainer(const std::string& graph, double clip_norm = 0,
                               const char* device = "cuda") {
  return training::Trainer(training::Config{.model = "lenet5",
                                            .data = "synthetic",
                                            .validation = 0,
                                            .epochs = 3,
                                            .batch = 4,
                                            .optimizer = "adam",
                                            .lr = 1e-3,
                                            .clip_norm = clip_norm,
                                            .l0_lambda = 0.1,
                                            .l0_warmup = 1.5,
                                            .device = device,
                                            .graph = graph},
                           make_synthetic({.train = 14, .test = 6, .classes = 4, .size = 12}));
}

void expect_same_run(const training::Trainer& actual, const training::Trainer& expected) {
  const State a = actual.state(), e = expected.state();
  for (const auto& [name, tensor] : e.tensors) {
    SCOPED_TRACE(name);
    expect_same_bits(a.tensors.at(name).to(Device::cpu), tensor.to(Device::cpu));
  }
  ASSERT_EQ(actual.metrics().size(), expected.metrics().size());
  for (std::size_t i = 0; i < expected.metrics().size(); ++i) {
    EXPECT_EQ(actual.metrics()[i].train_loss, expected.metrics()[i].train_loss);
    EXPECT_EQ(actual.metrics()[i].l0_penalty, expected.metrics()[i].l0_penalty);
    EXPECT_EQ(actual.metrics()[i].train_accuracy, expected.metrics()[i].train_accuracy);
    EXPECT_EQ(actual.metrics()[i].test_loss, expected.metrics()[i].test_loss);
  }
  for (const auto& [phase, totals] : expected.work()) {
    const energy::Totals counted = actual.work().at(phase);
    EXPECT_EQ(counted.calls, totals.calls);
    EXPECT_EQ(counted.work, totals.work);
    EXPECT_EQ(counted.tally.macs_skippable, totals.tally.macs_skippable);
    EXPECT_GT(counted.tally.nanoseconds, 0);
  }
}

TEST_F(CudaTraining, ARunWithAGraphIsTheRunWithoutBitForBit) {
  training::Trainer eager = make_trainer("off"), captured = make_trainer("on");
  while (!eager.finished()) eager.run_epoch();
  while (!captured.finished()) captured.run_epoch();
  expect_same_run(captured, eager);
  training::Trainer cpu = make_trainer("auto", 0, "cpu");
  while (!cpu.finished()) cpu.run_epoch();
  for (std::size_t i = 0; i < cpu.metrics().size(); ++i) {
    const double penalty = cpu.metrics()[i].l0_penalty;
    EXPECT_NEAR(eager.metrics()[i].l0_penalty, penalty, 0.01 * penalty);
  }
  EXPECT_EQ(cpu.launches(), "");
  EXPECT_EQ(eager.launches(), "no CUDA graph: it was not to be used");
  EXPECT_EQ(captured.launches(), "5 of 12 steps were replays of a CUDA graph");
}

TEST_F(CudaTraining, ARunGoesOnWithANewGraph) {
  training::Trainer whole = make_trainer("auto", 0.5), first = make_trainer("auto", 0.5);
  while (!whole.finished()) whole.run_epoch();
  int steps = 0;
  while (steps < 6) first.run_epoch({.stop = [&] { return ++steps >= 6; }});
  training::Trainer second = make_trainer("auto", 0.5);
  second.load_state(first.state(), first.metrics());
  EXPECT_EQ(second.epoch(), 1);
  while (!second.finished()) second.run_epoch();
  expect_same_run(second, whole);
}

TEST_F(CudaTraining, PredictionsAreThoseOfTheCpu) {
  manual_seed(4);
  nn::Sequential net = make_model(kSmallCnn);
  const Batch batch = batch_for(kSmallCnn);
  const Tensor expected = training::predict(net, batch.images);
  net.to(Device::cuda);
  const Tensor actual = training::predict(net, batch.images);
  ASSERT_EQ(actual.device(), Device::cpu);
  for (std::int64_t i = 0; i < expected.numel(); ++i) {
    EXPECT_NEAR(actual.data<float>()[i], expected.data<float>()[i], 1e-4);
  }
}

}  // namespace
}  // namespace joule
