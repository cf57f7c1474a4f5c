// SPDX-License-Identifier: MIT
// A training step of a net with two outputs against a step of each of its two nets: what they share
// runs once instead of twice.
//
//   two_heads_benchmark --benchmark_repetitions=7 --benchmark_enable_random_interleaving=true
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "joule/core/random.h"
#include "joule/layers/functions.h"
#include "joule/layers/graph/net.h"
#include "joule/optim/optimizers.h"

namespace joule {
namespace {

using Attributes = nn::Attributes;

constexpr std::int64_t kBatch = 128;

nn::Node conv(const std::string& name, const std::string& x, std::int64_t in, std::int64_t out) {
  return {.name = name,
          .kind = "Conv2d",
          .attributes = Attributes{{"in", in},
                                   {"out", out},
                                   {"kernel", std::vector<std::int64_t>{3, 3}},
                                   {"padding", std::vector<std::int64_t>{1, 1}}},
          .inputs = {x}};
}

nn::Node linear(const std::string& name, const std::string& x, std::int64_t in, std::int64_t out) {
  return {.name = name,
          .kind = "Linear",
          .attributes = Attributes{{"in", in}, {"out", out}},
          .inputs = {x}};
}

/// Two convolutions that both heads read, then one more and a hidden layer of the whole net.
nn::Graph two_headed() {
  const auto pool = [](const std::string& name, const std::string& x) {
    return nn::Node{.name = name,
                    .kind = "MaxPool2d",
                    .attributes = Attributes{{"kernel", std::vector<std::int64_t>{2, 2}},
                                             {"stride", std::vector<std::int64_t>{2, 2}}},
                    .inputs = {x}};
  };
  const auto relu = [](const std::string& name, const std::string& x) {
    return nn::Node{.name = name, .kind = "ReLU", .inputs = {x}};
  };
  const auto flatten = [](const std::string& name, const std::string& x) {
    return nn::Node{.name = name, .kind = "Flatten", .inputs = {x}};
  };
  return {.name = "two-headed",
          .inputs = {{"input", {28, 28, 1}}},
          .nodes = {conv("conv1", "input", 1, 32), relu("relu1", "conv1"), pool("pool1", "relu1"),
                    conv("conv2", "pool1", 32, 64), relu("relu2", "conv2"), pool("pool2", "relu2"),
                    flatten("flat2", "pool2"), linear("short", "flat2", 3136, 10),
                    conv("conv3", "pool2", 64, 64), relu("relu3", "conv3"),
                    flatten("flat3", "relu3"), linear("hidden", "flat3", 3136, 128),
                    relu("relu4", "hidden"), linear("full", "relu4", 128, 10)},
          .outputs = {"full", "short"}};
}

/// A net with its optimiser and a batch.
class Steps {
 public:
  explicit Steps(const nn::Graph& graph)
      : net_(graph), optimizer_(net_.parameters(), {.lr = 1e-3}) {
    Generator generator(2);
    images_ = Tensor({kBatch, 28, 28, 1});
    generator.uniform({images_.mutable_data<float>(), static_cast<std::size_t>(images_.numel())});
    labels_ = Tensor({kBatch}, DType::i32);
    for (std::int64_t i = 0; i < kBatch; ++i) {
      labels_.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>(generator.below(10));
    }
  }

  void step() {
    Tensor loss;
    for (Tensor& logits : net_.run(images_)) {
      Tensor one = cross_entropy(std::move(logits), labels_);
      loss = loss ? add(loss, one) : std::move(one);
    }
    loss.backward();
    optimizer_.step();
    optimizer_.zero_grad();
    benchmark::DoNotOptimize(images_.data<float>());
  }

 private:
  nn::Net net_;
  Sgd optimizer_;
  Tensor images_, labels_;
};

void one_step_of_both(benchmark::State& state) {
  manual_seed(1);
  Steps both(two_headed());
  for (auto _ : state) both.step();
}
BENCHMARK(one_step_of_both)->Unit(benchmark::kMillisecond)->UseRealTime();

void a_step_of_each(benchmark::State& state) {
  manual_seed(1);
  Steps whole(nn::one_output(two_headed(), 0)), brief(nn::one_output(two_headed(), 1));
  for (auto _ : state) {
    whole.step();
    brief.step();
  }
}
BENCHMARK(a_step_of_each)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace joule

BENCHMARK_MAIN();
