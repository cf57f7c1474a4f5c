// SPDX-License-Identifier: MIT
// The CUDA rows of Joule's tables, timed by the device's events: those that are memory-bound beside
// a copy, the convolutions beside cuDNN over the share of zeros, all in the same run.
//   cuda_rows [--elements N] [--batch N] [--rounds N]      JSON on standard output
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/op.h"
#include "joule/core/random.h"
#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/dropout/dropout.h"
#include "joule/kernels/pool/max_pool2d.h"
#include "joule/kernels/relu/relu.h"
#include "joule/kernels/scale/scale.h"
#include "joule/kernels/update/update.h"

namespace {

using namespace joule;
using nlohmann::ordered_json;

struct Options {
  std::int64_t elements = std::int64_t{1} << 26;  // of each operand: far more than any cache holds
  std::int64_t batch = 64;                        // of the convolutions
  int rounds = 20;
};

constexpr std::int64_t kChannels = 64;
constexpr std::array kDensities = {1.0, 0.5, 0.3, 0.1, 0.05, 0.01};

struct Layer {
  std::int64_t in, out, side;  // 3x3
};
constexpr std::array kLayers = {Layer{64, 128, 56}, Layer{128, 128, 28}, Layer{256, 256, 14}};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Seconds on the device, by events, of each call of body() but the first.
template <class Body>
std::vector<double> seconds_of(int rounds, Body&& body) {
  std::vector<double> seconds;
  for (int i = 0; i <= rounds; ++i) {
    Tally tally;
    const OpTimer timer(Device::cuda, &tally);
    body();
    timer.stop();
    settle_tallies();
    if (i > 0) seconds.push_back(static_cast<double>(tally.nanoseconds) * 1e-9);
  }
  return seconds;
}

class Benchmark {
 public:
  explicit Benchmark(const Options& options) : options_(options) {
    const Tensor from = values(), to(from.shape(), DType::f32, Device::cuda);
    const double bytes = 2.0 * static_cast<double>(from.bytes());
    copy_ = bytes / median(seconds_of(options_.rounds, [&] { to.copy_from(from); }));
  }

  /// Every row that can run `op`, beside a copy.
  template <Operation Op>
  void add(const Op& op) {
    const Work work = op.work();
    const auto bytes = static_cast<double>(work.bytes_read + work.bytes_written);
    for (const auto& [row, seconds] : times(op)) {
      memory_bound_.push_back({{"op", Op::kName},
                               {"implementation", row},
                               {"bytes", bytes},
                               {"bytes_per_second", bytes / seconds},
                               {"share_of_copy", bytes / seconds / copy_}});
    }
  }

  /// Every row that can run `op`, beside cuDNN's.
  template <Operation Op>
  void add_convolution(const Op& op, const Layer& layer, double density) {
    const auto macs = static_cast<double>(op.work().macs);
    const std::map<std::string, double> all = times(op);
    const auto peer = all.find("cudnn");
    for (const auto& [row, seconds] : all) {
      ordered_json line{{"op", Op::kName},    {"layer", {layer.in, layer.out, layer.side}},
                        {"density", density}, {"implementation", row},
                        {"seconds", seconds}, {"dense_flops_per_second", 2 * macs / seconds}};
      if (peer != all.end()) line["over_cudnn"] = peer->second / seconds;
      convolutions_.push_back(std::move(line));
    }
  }

  Shape shape() const {
    const std::int64_t pixels = options_.elements / kChannels;
    const std::int64_t side = 32, images = std::max<std::int64_t>(1, pixels / (side * side));
    return {images, side, side, kChannels};
  }
  /// Uniform in [-1, 1): half of them are zeros after a ReLU.
  Tensor values() const {
    std::vector<float> host(static_cast<std::size_t>(shape().numel()));
    Generator(1).uniform(host, -1, 1);
    return Tensor::from(host, shape()).to(Device::cuda);
  }

  ordered_json report() const {
    return {{"elements", shape().numel()},   {"batch", options_.batch},
            {"rounds", options_.rounds},     {"copy_bytes_per_second", copy_},
            {"memory_bound", memory_bound_}, {"convolutions", convolutions_}};
  }

 private:
  /// Median seconds of each row that can run `op` in f32.
  template <Operation Op>
  std::map<std::string, double> times(const Op& op) const {
    std::map<std::string, double> all;
    for (const auto& impl : Op::implementations()) {
      if (cannot_run(impl, op, Context{})) continue;
      Context pinned{.force = impl.name};
      all[std::string(impl.name)] =
          median(seconds_of(options_.rounds, [&] { dispatch(op, pinned); }));
    }
    return all;
  }

  Options options_;
  double copy_ = 0;
  ordered_json memory_bound_ = ordered_json::array(), convolutions_ = ordered_json::array();
};

Tensor empty(const Shape& shape) { return Tensor(shape, DType::f32, Device::cuda); }
Tensor channel_vector(float value) { return Tensor::full({kChannels}, value, Device::cuda); }

void add_elementwise(Benchmark& benchmark) {
  const Tensor x = benchmark.values(), y = empty(x.shape()), z = empty(x.shape());
  benchmark.add(ops::Scale{.x = x, .y = y, .factor = 0.5f});
  benchmark.add(ops::Add{.a = x, .b = x, .y = y});
  benchmark.add(ops::Dropout{.x = x, .y = y, .probability = 0.5f, .random = {1, 0}});
  benchmark.add(ops::Relu{.x = x, .y = y});
  dispatch(ops::Relu{.x = x, .y = y});
  benchmark.add(ops::ReluGrad{.y = y, .grad_y = x, .grad_x = z});
}

void add_layers(Benchmark& benchmark) {
  const Tensor x = benchmark.values(), y = empty(x.shape());
  const Tensor gamma = channel_vector(1), beta = channel_vector(0);
  const Tensor mean = channel_vector(0), rest = channel_vector(0), inv_std = channel_vector(1);
  const Tensor grad_gamma = channel_vector(0), grad_beta = channel_vector(0);
  benchmark.add(ops::BatchNorm{.x = x,
                               .gamma = gamma,
                               .beta = beta,
                               .y = y,
                               .mean = mean,
                               .mean_rest = rest,
                               .inv_std = inv_std,
                               .running_mean = channel_vector(0),
                               .running_var = channel_vector(1)});
  benchmark.add(ops::BatchNormGrad{.x = x,
                                   .gamma = gamma,
                                   .mean = mean,
                                   .mean_rest = rest,
                                   .inv_std = inv_std,
                                   .grad_y = x,
                                   .grad_x = y,
                                   .grad_gamma = grad_gamma,
                                   .grad_beta = grad_beta});
  const Shape& s = x.shape();
  benchmark.add(ops::MaxPool2d{.x = x, .y = empty({s[0], s[1] / 2, s[2] / 2, s[3]})});
}

void add_updates(Benchmark& benchmark) {
  const Tensor p = benchmark.values(), g = benchmark.values();
  const Tensor v = Tensor::zeros(p.shape(), DType::f32, Device::cuda), w = v.clone();
  benchmark.add(ops::SgdUpdate{.parameters = {p},
                               .gradients = {g},
                               .velocities = {v},
                               .lr = 1e-6,
                               .momentum = 0.9,
                               .weight_decay = 1e-4});
  benchmark.add(ops::AdamUpdate{.parameters = {p},
                                .gradients = {g},
                                .first_moments = {v},
                                .second_moments = {w},
                                .lr = 1e-6});
}

/// The output of a ReLU with its mask: a share `density` is not zero.
Tensor rectified(const Shape& shape, double density, std::uint64_t seed) {
  std::vector<float> host(static_cast<std::size_t>(shape.numel()));
  const auto high = static_cast<float>(density), low = static_cast<float>(density - 1);
  Generator(seed).uniform(host, low, high);
  const Tensor x = Tensor::from(host, shape).to(Device::cuda);
  dispatch(ops::Relu{.x = x, .y = x});
  return x;
}

void add_convolutions(Benchmark& benchmark, std::int64_t batch) {
  for (const Layer& layer : kLayers) {
    const Shape in{batch, layer.side, layer.side, layer.in};
    const Shape out{batch, layer.side, layer.side, layer.out};
    const Tensor weight = rectified({layer.out, 3, 3, layer.in}, 1, 1);
    const Tensor y = empty(out), grad_x = empty(in), grad_weight = empty(weight.shape());
    const ConvParams params{.padding = 1};
    for (const double density : kDensities) {
      const Tensor x = rectified(in, density, 2), grad_y = rectified(out, density, 3);
      benchmark.add_convolution(ops::Conv2d{.x = x, .weight = weight, .y = y, .params = params},
                                layer, density);
      benchmark.add_convolution(
          ops::Conv2dGradInput{
              .grad_y = grad_y, .weight = weight, .grad_x = grad_x, .params = params},
          layer, density);
      benchmark.add_convolution(
          ops::Conv2dGradWeight{
              .x = x, .grad_y = grad_y, .grad_weight = grad_weight, .params = params},
          layer, density);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The CUDA rows, beside a copy and cuDNN");
  app.add_option("--elements", options.elements)->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    if (const std::string why = unavailable(Device::cuda); !why.empty()) {
      throw std::runtime_error(why);
    }
    Benchmark benchmark(options);
    add_elementwise(benchmark);
    add_layers(benchmark);
    add_updates(benchmark);
    add_convolutions(benchmark, options.batch);
    std::cout << benchmark.report().dump(2) << '\n';
  } catch (const std::exception& error) {
    std::cerr << "cuda_rows: " << error.what() << '\n';
    return 1;
  }
}
