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

TEST(Evaluate, RefusesASetWithoutImages) {
  Trainer trainer(small_config(), small_data());
  Dataset none = small_data().test;
  none.shape = {0, none.shape[1], none.shape[2], none.shape[3]};
  none.labels.clear();
  EXPECT_EQ(error_of([&] { evaluate(trainer.model().net, none); }),
            "dataset synthetic: there are no images, its shape is [0,12,12,1]");
  EXPECT_EQ(error_of([&] { DataLoader loader(none); }),
            "dataset synthetic: there are no images, its shape is [0,12,12,1]");
}

TEST(Evaluate, CountsWhatTheNetDoes) {
  const DataSplit data = small_data();
  Model model = make_model_for("lenet5", "synthetic", data.test);
  const auto result = evaluate(model.net, data.test, {.batch = 8, .slice = 3});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->images, 20);
  // conv1 6 x (12*5-6)^2, conv2 16 x 6 x 25 x 2^2, linear 16*120, 120*84, 84*4.
  EXPECT_EQ(total_work(*result).work.macs, 20 * (6 * 54 * 54 + 9600 + 1920 + 10080 + 336));
  EXPECT_EQ(all_relus(*result).values, 20 * (6 * 144 + 16 * 4 + 120 + 84));
  std::int64_t confused = 0, right = 0;
  for (std::int64_t i = 0; i < 16; ++i) {
    confused += result->confusion[static_cast<std::size_t>(i)];
    if (i % 5 == 0) right += result->confusion[static_cast<std::size_t>(i)];
  }
  EXPECT_EQ(confused, 20);
  EXPECT_EQ(right, result->correct);
  EXPECT_TRUE(model.net.training());  // as before
  EXPECT_FALSE(evaluate(model.net, data.test, {.stop = [] { return true; }}));
}

TEST(Evaluate, LogitsThatAreNotFiniteHaveNoAccuracy) {
  const Dataset test = small_data().test;
  const auto error = [&](const std::string& parameter, float value) {
    Model model = make_model_for("lenet5", "synthetic", test);
    for (const auto& [name, tensor] : model.net.parameters()) {
      if (name == parameter) tensor.mutable_data<float>()[1] = value;
    }
    return error_of([&] { evaluate(model.net, test, {.batch = 8}); });
  };
  const std::string all = "evaluate: 20 of 20 images of synthetic have logits that are not finite";
  EXPECT_EQ(error("linear3.bias", NAN), all + "; the net's linear3.bias holds such values");
  EXPECT_EQ(error("linear3.bias", -INFINITY), all + "; the net's linear3.bias holds such values");
  // Finite, but their products are not.
  EXPECT_EQ(error("conv2.bias", 3e38f).substr(all.size()),
            "; layer pool2 is the first to put such out");
  EXPECT_EQ(error("linear3.bias", 3e38f), "no error");
}

TEST(Evaluate, CountsTheImagesWhoseLogitsAreNotFinite) {
  const Dataset test = small_data().test;
  nn::Sequential net(nn::Flatten(), nn::Linear(144, 4));
  const Tensor weight = net.parameters()[0].tensor;
  weight.fill(0);
  // The first logit is the first pixel times so much that of some images it overflows.
  const Tensor images = DataLoader(test, {.batch = 20, .shuffle = false}).begin()->images;
  std::vector<float> pixels;
  for (std::int64_t i = 0; i < 20; ++i) pixels.push_back(std::abs(images.data<float>()[144 * i]));
  const float median = (std::ranges::sort(pixels), pixels[10]);
  weight.mutable_data<float>()[0] = std::numeric_limits<float>::max() / std::max(1.0f, median);
  const auto over =
      std::ranges::count_if(pixels, [&](float p) { return p > std::max(1.0f, median); });
  ASSERT_GT(over, 0);
  ASSERT_LT(over, 20);
  EXPECT_EQ(error_of([&] { evaluate(net, test, {.batch = 8}); }),
            str("evaluate: ", over, " of 20 images of synthetic have logits that are not finite; ",
                "layer 1 is the first to put such out"));
}

TEST(Evaluation, OfNoImagesHasNoAccuracy) {
  EXPECT_EQ(error_of([] { Evaluation().accuracy(); }), "accuracy: there are no images");
}

TEST(Predict, IsTheForwardPassInSlices) {
  manual_seed(3);
  nn::Sequential net = make_model({.name = "lenet5"});
  Tensor images({7, 28, 28, 1});
  default_generator().uniform({images.mutable_data<float>(), 7 * 28 * 28});
  const Tensor whole = predict(net, images, 7), slices = predict(net, images, 3);
  ASSERT_EQ(slices.shape(), (Shape{7, 10}));
  for (std::size_t i = 0; i < 70; ++i) {
    EXPECT_NEAR(slices.values<float>()[i], whole.values<float>()[i], 1e-5);
  }
  EXPECT_FALSE(slices.requires_grad());
  EXPECT_EQ(error_of([&] { predict(net, images, -1); }),
            "predict: slice must not be negative, got -1");
}

std::int64_t calls_of(const Evaluation& e, std::string_view op) {
  std::int64_t calls = 0;
  for (const auto& line : e.work) calls += line.run.op == op ? line.calls : 0;
  return calls;
}

TEST(Evaluate, LinearLayersSeeTheWholeBatchWithTheMasksOfItsSlices) {
  const DataSplit data = small_data();
  Model model = make_model_for("lenet5", "synthetic", data.test);
  const auto whole = evaluate(model.net, data.test, {.batch = 8, .slice = 8});
  const auto slices = evaluate(model.net, data.test, {.batch = 8, .slice = 3});
  ASSERT_TRUE(whole && slices);
  EXPECT_EQ(calls_of(*whole, "conv2d"), 2 * 3);
  EXPECT_EQ(calls_of(*slices, "conv2d"), 2 * (3 + 3 + 2));
  EXPECT_EQ(calls_of(*slices, "linear"), 3 * 3);
  const energy::Totals a = total_work(*slices), b = total_work(*whole);
  EXPECT_EQ(a.work.macs, b.work.macs);
  EXPECT_EQ(a.tally.macs_skippable, b.tally.macs_skippable);
  EXPECT_EQ(a.tally.values_in_nonzero, b.tally.values_in_nonzero);
  ASSERT_EQ(slices->relus.size(), whole->relus.size());
  for (std::size_t i = 0; i < whole->relus.size(); ++i) {
    EXPECT_EQ(slices->relus[i].layer, whole->relus[i].layer);
    EXPECT_EQ(slices->relus[i].values, whole->relus[i].values);
    EXPECT_EQ(slices->relus[i].nonzeros, whole->relus[i].nonzeros);
  }
}

/// A part of a net that a user wrote.
class Head final : public nn::Composite {
 public:
  Head() : linear_(add_child("linear", nn::Linear(72, 4))), relu_(add_child("relu", nn::ReLU())) {}
  std::string describe() const override { return "Head()"; }
  nn::Value add_to(nn::GraphBuilder& graph, nn::Value x) override {
    return graph.add(*relu_, graph.add(*linear_, x));
  }

 private:
  std::shared_ptr<nn::Linear> linear_;
  std::shared_ptr<nn::ReLU> relu_;
};

TEST(Predict, ALinearLayerInsideAUsersModuleSeesTheWholeBatch) {
  manual_seed(2);
  nn::Sequential net(nn::Flatten(), Head(), nn::Linear(4, 3));
  Tensor images({5, 6, 6, 2});
  default_generator().uniform({images.mutable_data<float>(), 5 * 72});
  energy::Ledger ledger;
  {
    const energy::Recording recording(ledger);
    predict(net, images, 2);
  }
  std::map<std::string, std::int64_t> calls;
  for (const auto& line : ledger.lines()) calls[std::string(line.run.scope.layer)] += line.calls;
  EXPECT_EQ(calls, (std::map<std::string, std::int64_t>{{"1.linear", 1}, {"1.relu", 1}, {"2", 1}}));
}

TEST(Predict, ALinearLayerBesideAnotherBranchRunsInSlices) {
  const auto linear = [](std::int64_t out) -> nn::Attributes {
    return {{"in", std::int64_t{8}}, {"out", out}};
  };
  nn::Net net(nn::Graph{.name = "beside",
                        .inputs = {{"x", {8}}},
                        .nodes = {{"positive", "ReLU", {}, {"x"}},
                                  {"linear", "Linear", linear(8), {"x"}},
                                  {"sum", "Add", {}, {"positive", "linear"}},
                                  {"head", "Linear", linear(3), {"sum"}}},
                        .outputs = {"head"}});
  Tensor rows({5, 8});
  default_generator().uniform({rows.mutable_data<float>(), 40});
  energy::Ledger ledger;
  Tensor slices;
  {
    const energy::Recording recording(ledger);
    slices = predict(net, rows, 2);
  }
  std::map<std::string, std::int64_t> calls;
  for (const auto& line : ledger.lines()) calls[std::string(line.run.scope.layer)] += line.calls;
  EXPECT_EQ(calls["linear"], 3);
  EXPECT_EQ(calls["head"], 1);
  const Tensor whole = predict(net, rows, 5);
  for (std::int64_t i = 0; i < whole.numel(); ++i) {
    EXPECT_NEAR(slices.data<float>()[i], whole.data<float>()[i], 1e-5);
  }
}

TEST(Predict, NetsOfEveryFormRunInSlices) {
  Tensor images({5, 6, 6, 2});
  default_generator().uniform({images.mutable_data<float>(), 5 * 72});
  nn::Sequential without_linear(nn::Conv2d({.in = 2, .out = 3}), nn::GlobalAvgPool(),
                                nn::Flatten());
  nn::Sequential only_linear(nn::Flatten(), nn::Linear(72, 4));
  nn::Sequential inside(nn::Sequential(nn::Flatten(), nn::Linear(72, 4), nn::ReLU()),
                        nn::Linear(4, 3));
  nn::Linear linear(72, 3);
  const Tensor rows = images.reshape({5, 72});
  const auto expect_same = [](nn::Module& net, const Tensor& x) {
    const Tensor whole = predict(net, x, 5), slices = predict(net, x, 2);
    ASSERT_EQ(slices.shape(), whole.shape());
    for (std::int64_t i = 0; i < whole.numel(); ++i) {
      EXPECT_NEAR(slices.data<float>()[i], whole.data<float>()[i], 1e-5);
    }
  };
  expect_same(without_linear, images);
  expect_same(only_linear, images);
  expect_same(inside, images);
  expect_same(linear, rows);
}

TEST(Evaluate, RowsAreLabelsAndColumnsWhatTheNetSays) {
  Dataset set = small_data().test;
  std::fill(set.labels.begin(), set.labels.end(), 1);
  Model model = make_model_for("lenet5", "synthetic", set);
  for (const auto& [name, tensor] : model.net.parameters()) tensor.fill(0);
  const Tensor bias = model.net.parameters().back().tensor;
  bias.mutable_data<float>()[2] = 1;
  std::int64_t told = 0;
  const auto result = evaluate(
      model.net, set, {.batch = 8, .on_logits = [&](const Tensor& labels, const Tensor& logits) {
                         ASSERT_EQ(labels.dim(0), logits.dim(0));
                         told += labels.dim(0);
                       }});
  EXPECT_EQ(told, 20);
  EXPECT_EQ(result->confusion[1 * 4 + 2], 20);
  EXPECT_EQ(result->correct, 0);
  EXPECT_NEAR(result->loss, std::log(3 + std::exp(1.0)), 1e-6);
  for (const LayerDensity& relu : result->relus) EXPECT_EQ(relu.nonzeros, 0);
}

}  // namespace
}  // namespace joule::training
