// SPDX-License-Identifier: MIT
// libtorch's side of `joule bench train` and `joule bench infer`: the same nets, the same step.
//
// One process measures one thing, so that its peak memory is that thing's:
//   torch_peer --model small-cnn --mode train --format channels-last --steps 40 --threads 2
#include <torch/torch.h>
#include <torch/version.h>

#include <cmath>
#include <exception>
#include <iostream>

#include "joule/benchmarks/steps.h"

namespace {

namespace nn = torch::nn;

struct Net {
  std::string model = "small-cnn";
  std::int64_t h = 28, w = 28, channels = 1, classes = 10;
};

nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel = 3, std::int64_t stride = 1,
                bool bias = true) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).stride(stride).bias(bias));
}

/// In place, which is what libtorch does best.
nn::ReLU relu() { return nn::ReLU(nn::ReLUOptions(true)); }

nn::Sequential small_cnn(const Net& net) {
  return nn::Sequential(conv(net.channels, 32), relu(), conv(32, 64), relu(), nn::MaxPool2d(2),
                        conv(64, 128), relu(), nn::MaxPool2d(2), nn::Flatten(),
                        nn::Linear(128 * (net.h / 4) * (net.w / 4), 128), relu(),
                        nn::Linear(128, net.classes));
}

nn::Sequential simple_cnn(const Net& net) {
  const std::int64_t c = net.channels, inputs = c * net.h * net.w;
  return nn::Sequential(conv(c, 3 * c), nn::BatchNorm2d(3 * c), relu(), nn::MaxPool2d(2),
                        conv(3 * c, 9 * c), nn::BatchNorm2d(9 * c), relu(), nn::MaxPool2d(2),
                        nn::Flatten(), nn::Linear(9 * c * (net.h / 4) * (net.w / 4), inputs / 2),
                        nn::Linear(inputs / 2, inputs / 4), nn::Linear(inputs / 4, net.classes));
}

nn::Sequential vgg16(const Net& net) {
  nn::Sequential all;
  std::int64_t in = net.channels;
  for (const auto& [width, convolutions] :
       {std::pair{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}) {
    for (int i = 0; i < convolutions; ++i) {
      all->push_back(conv(in, width));
      all->push_back(nn::BatchNorm2d(width));
      all->push_back(relu());
      in = width;
    }
    all->push_back(nn::MaxPool2d(2));
  }
  all->push_back(nn::AdaptiveMaxPool2d(1));
  all->push_back(nn::Flatten());
  all->push_back(nn::Linear(in, net.classes));
  return all;
}

struct BasicBlockImpl : nn::Module {
  BasicBlockImpl(std::int64_t in, std::int64_t out, std::int64_t stride)
      : main(conv(in, out, 3, stride, false), nn::BatchNorm2d(out), relu(),
             conv(out, out, 3, 1, false), nn::BatchNorm2d(out)) {
    register_module("main", main);
    if (in == out && stride == 1) return;
    shortcut = nn::Sequential(conv(in, out, 1, stride, false), nn::BatchNorm2d(out));
    register_module("shortcut", shortcut);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    auto sum = main->forward(x) + (shortcut.is_empty() ? x : shortcut->forward(x));
    return sum.relu_();
  }
  nn::Sequential main, shortcut{nullptr};
};
TORCH_MODULE(BasicBlock);

nn::Sequential resnet18(const Net& net) {
  const bool large = net.h >= 64 && net.w >= 64;
  nn::Sequential all(conv(net.channels, 64, large ? 7 : 3, large ? 2 : 1, false),
                     nn::BatchNorm2d(64), relu());
  std::int64_t in = 64;
  for (const std::int64_t width : {64, 128, 256, 512}) {
    all->push_back(BasicBlock(in, width, width == in ? 1 : 2));
    all->push_back(BasicBlock(width, width, 1));
    in = width;
  }
  all->push_back(nn::AdaptiveAvgPool2d(1));
  all->push_back(nn::Flatten());
  all->push_back(nn::Linear(in, net.classes));
  return all;
}

nn::Sequential make(const Net& net) {
  if (net.model == "small-cnn") return small_cnn(net);
  if (net.model == "simple-cnn") return simple_cnn(net);
  if (net.model == "vgg16") return vgg16(net);
  return resnet18(net);
}

/// libtorch's linear layers are only as fast as the BLAS that the system's alternatives name.
std::string library() {
  std::string blas = "unknown BLAS";
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t path = line.find('/');
    if (path != std::string::npos && line.find("blas") != std::string::npos) {
      blas = line.substr(path);
      break;
    }
  }
  return "libtorch " TORCH_VERSION ", " + blas;
}

nlohmann::json run(const steps::Options& options, const Net& spec, const std::string& format) {
  at::set_num_threads(options.threads);
  at::set_num_interop_threads(1);
  torch::manual_seed(1);
  const auto layout = format == "channels-last" ? torch::MemoryFormat::ChannelsLast
                                                : torch::MemoryFormat::Contiguous;
  auto net = make(spec);
  for (auto& parameter : net->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(layout));
  }
  // A few batches in turn, so that no step finds its images in the cache.
  std::vector<torch::Tensor> images, labels;
  for (int i = 0; i < 4; ++i) {
    images.push_back(
        torch::rand({options.batch, spec.channels, spec.h, spec.w}).contiguous(layout));
    labels.push_back(torch::randint(0, spec.classes, {options.batch}, torch::kLong));
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
  std::int64_t parameters = 0;
  for (const auto& parameter : net->parameters()) parameters += parameter.numel();
  result["program"] = "torch_peer";
  result["parameters"] = parameters;
  result["library"] = library();
  result["variant"] = format;
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  steps::Options options;
  Net net;
  std::string format = "channels-last";
  CLI::App app("A net in libtorch: a training step or a forward pass; JSON on standard output");
  steps::add_options(app, options);
  app.add_option("--model", net.model)
      ->check(CLI::IsMember({"small-cnn", "simple-cnn", "vgg16", "resnet18"}));
  app.add_option("--height", net.h)->check(CLI::PositiveNumber);
  app.add_option("--width", net.w)->check(CLI::PositiveNumber);
  app.add_option("--channels", net.channels)->check(CLI::PositiveNumber);
  app.add_option("--classes", net.classes)->check(CLI::PositiveNumber);
  app.add_option("--format", format)->check(CLI::IsMember({"channels-last", "contiguous"}));
  CLI11_PARSE(app, argc, argv);
  try {
    std::cout << run(options, net, format).dump() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "torch_peer: " << error.what() << '\n';
    return 1;
  }
}
