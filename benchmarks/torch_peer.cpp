// SPDX-License-Identifier: MIT
// The peer of small_cnn_steps: the same net, the same step, in libtorch.
//
// One process measures one thing, so that its peak memory is that thing's:
//   torch_peer --mode train --format channels-last --steps 40 --threads 2
#include <torch/torch.h>

#include <cmath>
#include <exception>
#include <iostream>

#include "benchmarks/steps.h"

namespace {

torch::nn::Sequential small_cnn() {
  namespace nn = torch::nn;
  const auto conv = [](int in, int out) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1));
  };
  return nn::Sequential(conv(1, 32), nn::ReLU(), conv(32, 64), nn::ReLU(), nn::MaxPool2d(2),
                        conv(64, 128), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                        nn::Linear(6272, 128), nn::ReLU(), nn::Linear(128, 10));
}

nlohmann::json run(const steps::Options& options, const std::string& format) {
  at::set_num_threads(options.threads);
  at::set_num_interop_threads(1);
  torch::manual_seed(1);
  const auto layout = format == "channels-last" ? torch::MemoryFormat::ChannelsLast
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

  double sum = 0;
  std::vector<std::vector<double>> seconds;
  if (options.mode == "train") {
    torch::optim::SGD optimizer(
        net->parameters(),
        torch::optim::SGDOptions(0.01).momentum(0.9).nesterov(true).weight_decay(5e-4));
    seconds = steps::measure(options, {[&](int i) {
                               optimizer.zero_grad();
                               const auto loss = torch::nn::functional::cross_entropy(
                                   net->forward(images[i % 4]), labels[i % 4]);
                               loss.backward();
                               optimizer.step();
                               sum += loss.item<double>();
                             }});
  } else {
    net->eval();
    const torch::InferenceMode no_autograd;
    const int slice = options.slice ? options.slice : options.batch;
    seconds = steps::measure(options, {[&](int i) {
                               std::vector<torch::Tensor> logits;
                               for (const auto& part : images[i % 4].split(slice))
                                 logits.push_back(net->forward(part));
                               sum += torch::cat(logits).sum().item<double>();
                             }});
  }
  if (!std::isfinite(sum)) throw std::runtime_error("the results are not finite");

  nlohmann::json result = steps::report(options, seconds[0]);
  result["program"] = "torch_peer";
  result["variant"] = format;
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  steps::Options options;
  std::string format = "channels-last";
  CLI::App app("SmallCnn in libtorch: a training step or a forward pass; JSON on standard output");
  steps::add_options(app, options);
  app.add_option("--format", format)->check(CLI::IsMember({"channels-last", "contiguous"}));
  CLI11_PARSE(app, argc, argv);
  try {
    std::cout << run(options, format).dump() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "torch_peer: " << error.what() << '\n';
    return 1;
  }
}
