// SPDX-License-Identifier: MIT
// The peer of small_cnn_benchmark: the same net, the same step, in libtorch.
//
// One process measures one thing, so that its peak memory is that thing's:
//   torch_peer --mode train --format channels-last --steps 40 --threads 2
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Options {
  std::string mode = "train";            // train or infer
  std::string format = "channels-last";  // channels-last or contiguous
  int steps = 40;                        // measured steps
  int warmup = 8;                        // steps before the first measured one
  int batch = 128;                       // images in a step
  int threads = 2;
};

torch::nn::Sequential small_cnn() {
  namespace nn = torch::nn;
  const auto conv = [](int in, int out) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1));
  };
  return nn::Sequential(conv(1, 32), nn::ReLU(), conv(32, 64), nn::ReLU(), nn::MaxPool2d(2),
                        conv(64, 128), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                        nn::Linear(6272, 128), nn::ReLU(), nn::Linear(128, 10));
}

// Peak resident memory of this process in bytes.
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") {
      std::int64_t kibibytes = 0;
      status >> kibibytes;
      return kibibytes * 1024;
    }
  }
  throw std::runtime_error("/proc/self/status: no VmHWM line");
}

// Seconds of each of `steps` calls of `step(i)`, after `warmup` calls that are not measured.
template <class Step>
std::vector<double> measure(int warmup, int steps, Step step) {
  std::vector<double> seconds;
  for (int i = 0; i < warmup + steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    step(i);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (i >= warmup) seconds.push_back(elapsed.count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

nlohmann::json run(const Options& options) {
  at::set_num_threads(options.threads);
  at::set_num_interop_threads(1);
  torch::manual_seed(1);
  const auto layout = options.format == "channels-last" ? torch::MemoryFormat::ChannelsLast
                                                        : torch::MemoryFormat::Contiguous;
  auto net = small_cnn();
  for (auto& parameter : net->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(layout));
  }
  // A few batches in turn, so that no step finds its images in the cache.
  std::vector<torch::Tensor> images, labels;
  for (int i = 0; i < 4; ++i) {
    images.push_back(torch::rand({options.batch, 1, 28, 28}).contiguous(layout));
    labels.push_back(torch::randint(0, 10, {options.batch}, torch::kLong));
  }

  std::vector<double> seconds;
  double loss_sum = 0;
  if (options.mode == "train") {
    torch::optim::SGD optimizer(
        net->parameters(),
        torch::optim::SGDOptions(0.01).momentum(0.9).nesterov(true).weight_decay(5e-4));
    seconds = measure(options.warmup, options.steps, [&](int i) {
      optimizer.zero_grad();
      const auto loss =
          torch::nn::functional::cross_entropy(net->forward(images[i % 4]), labels[i % 4]);
      loss.backward();
      optimizer.step();
      loss_sum += loss.item<double>();
    });
  } else {
    net->eval();
    torch::InferenceMode no_autograd;
    seconds = measure(options.warmup, options.steps,
                      [&](int i) { loss_sum += net->forward(images[i % 4]).sum().item<double>(); });
  }
  if (!std::isfinite(loss_sum)) throw std::runtime_error("the loss is not finite");

  const auto images_per_second = [&](double step) { return options.batch / step; };
  return {{"program", "torch_peer"},
          {"library", std::string("libtorch ") + TORCH_VERSION},
          {"mode", options.mode},
          {"format", options.format},
          {"batch", options.batch},
          {"threads", options.threads},
          {"steps", options.steps},
          {"images_per_second", images_per_second(seconds[seconds.size() / 2])},
          {"images_per_second_best", images_per_second(seconds.front())},
          {"images_per_second_p10", images_per_second(seconds[seconds.size() * 9 / 10])},
          {"peak_bytes", peak_memory()}};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("SmallCnn in libtorch: a training step or a forward pass; JSON on standard output");
  app.add_option("--mode", options.mode)->check(CLI::IsMember({"train", "infer"}));
  app.add_option("--format", options.format)->check(CLI::IsMember({"channels-last", "contiguous"}));
  app.add_option("--steps", options.steps)->check(CLI::PositiveNumber);
  app.add_option("--warmup", options.warmup)->check(CLI::NonNegativeNumber);
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    std::cout << run(options).dump() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "torch_peer: " << error.what() << '\n';
    return 1;
  }
}
