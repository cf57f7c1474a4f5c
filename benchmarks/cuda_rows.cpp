// SPDX-License-Identifier: MIT
// The CUDA rows of Joule's tables, timed by the device's events: those that are memory-bound beside
// a copy, linear layers beside cuBLAS and convolutions beside cuDNN in each precision, the latter
// over the share of zeros, all in the same run.  Exit status 3: an expected row cannot run.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/op.h"
#include "joule/core/random.h"
#include "joule/io/atomic_file.h"
#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/dropout/dropout.h"
#include "joule/kernels/linear/linear.h"
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
  std::vector<std::string> expected;  // rows that must be able to run
  std::string json;                   // empty: standard output
};

constexpr std::int64_t kChannels = 64;
constexpr std::array kPrecisions = {Precision::f32, Precision::tf32, Precision::bf16};
constexpr std::array kDensities = {1.0, 0.5, 0.3, 0.1, 0.05, 0.01};

struct Layer {
  std::int64_t in, out, side;  // 3x3
};
constexpr std::array kLayers = {Layer{64, 128, 56}, Layer{128, 128, 28}, Layer{256, 256, 14}};

struct Matrices {
  std::int64_t rows, in, out;  // of a linear layer
};
constexpr std::array kMatrices = {Matrices{128, 6272, 128}, Matrices{1024, 1024, 1024},
                                  Matrices{4096, 4096, 4096}};

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
    for (auto& [row, seconds] : times(op, Precision::f32)) {
      ordered_json line{{"op", Op::kName}, {"implementation", row}, {"bytes", bytes}};
      if (seconds) {
        line["bytes_per_second"] = bytes / *seconds;
        line["share_of_copy"] = bytes / *seconds / copy_;
      } else {
        line["error"] = errors_[row];
      }
      memory_bound_.push_back(std::move(line));
    }
    save();
  }

  /// Every row that can run `op` in each precision, beside the row `peer` in the same: lines that
  /// begin with `shape`, at the end of `lines`.
  template <Operation Op>
  void add_products(ordered_json& lines, const Op& op, const ordered_json& shape,
                    const std::string& peer) {
    const auto macs = static_cast<double>(op.work().macs);
    for (const Precision precision : kPrecisions) {
      auto all = times(op, precision);
      const auto at = all.find(peer);
      const double of_peer = at != all.end() ? at->second.value_or(0) : 0;  // 0: it did not run
      for (const auto& [row, seconds] : all) {
        ordered_json line{{"op", Op::kName}};
        line.update(shape);
        line["precision"] = name(precision);
        line["implementation"] = row;
        if (seconds) {
          line["seconds"] = *seconds;
          line["dense_flops_per_second"] = 2 * macs / *seconds;
          if (of_peer > 0) line["over_" + peer] = of_peer / *seconds;
        } else {
          line["error"] = errors_[row];
        }
        lines.push_back(std::move(line));
      }
    }
    save();
  }
  template <Operation Op>
  void add_convolution(const Op& op, const Layer& layer, double density) {
    add_products(convolutions_, op,
                 {{"layer", {layer.in, layer.out, layer.side}}, {"density", density}}, "cudnn");
  }
  template <Operation Op>
  void add_linear(const Op& op, const Matrices& m) {
    add_products(linear_, op, {{"layer", {m.rows, m.in, m.out}}}, "cublas");
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

  /// Writes the last report; whether every row ran.
  bool finish() {
    complete_ = true;
    save();
    if (options_.json.empty()) std::cout << report().dump(2) << '\n';
    return errors_.empty();
  }

 private:
  ordered_json report() const {
    return {{"complete", complete_},
            {"elements", shape().numel()},
            {"batch", options_.batch},
            {"rounds", options_.rounds},
            {"copy_bytes_per_second", copy_},
            {"memory_bound", memory_bound_},
            {"linear", linear_},
            {"convolutions", convolutions_}};
  }
  /// After each operation, so that a run that is ended early loses nothing.
  void save() const {
    if (!options_.json.empty()) write_file_atomically(options_.json, report().dump(2) + "\n");
  }

  /// Median seconds of each row that can run `op` with the precision; none for one that fails.
  /// Joule's own rows round to one precision each, NVIDIA's libraries to what the context asks for.
  template <Operation Op>
  std::map<std::string, std::optional<double>> times(const Op& op, Precision precision) {
    std::map<std::string, std::optional<double>> all;
    const ContextGuard guard(Context{.precision = precision});
    for (const auto& impl : Op::implementations()) {
      if (cannot_run(impl, op, context())) continue;
      if (impl.name.starts_with("cuda.") && impl.precision != precision) continue;
      const std::string row(impl.name);
      Context pinned{.force = impl.name, .precision = precision};
      try {
        all[row] = median(seconds_of(options_.rounds, [&] { dispatch(op, pinned); }));
      } catch (const DeviceError& error) {
        all[row] = std::nullopt;
        errors_[row] = error.what();
        std::cerr << "cuda_rows: " << Op::kName << ", " << row << ": " << error.what() << '\n';
      }
    }
    return all;
  }

  Options options_;
  double copy_ = 0;
  bool complete_ = false;
  std::map<std::string, std::string> errors_;  // the last of each row
  ordered_json memory_bound_ = ordered_json::array(), linear_ = ordered_json::array(),
               convolutions_ = ordered_json::array();
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

void add_linear(Benchmark& benchmark) {
  for (const Matrices& m : kMatrices) {
    const Tensor x = rectified({m.rows, m.in}, 1, 1), weight = rectified({m.out, m.in}, 1, 2);
    const Tensor grad_y = rectified({m.rows, m.out}, 1, 3);
    benchmark.add_linear(ops::Linear{.x = x, .weight = weight, .y = empty({m.rows, m.out})}, m);
    benchmark.add_linear(
        ops::LinearGradInput{.grad_y = grad_y, .weight = weight, .grad_x = empty({m.rows, m.in})},
        m);
    benchmark.add_linear(
        ops::LinearGradWeight{.x = x, .grad_y = grad_y, .grad_weight = empty({m.out, m.in})}, m);
  }
}

/// Why no row `name` can run `op`; empty if one can.
template <Operation Op>
std::string why_not(const Op& op, std::string_view name) {
  for (const auto& impl : Op::implementations()) {
    if (impl.name != name) continue;
    const char* const why = cannot_run(impl, op, context());
    return why ? why : "";
  }
  return "this build has none";
}

/// Prints which of the expected rows can run neither a convolution nor a linear layer, and why.
bool all_can_run(const std::vector<std::string>& expected) {
  const ops::Conv2d convolution{.x = empty({8, 16, 16, 16}),
                                .weight = empty({16, 3, 3, 16}),
                                .y = empty({8, 16, 16, 16}),
                                .params = {.padding = 1}};
  const ops::Linear linear{.x = empty({64, 64}), .weight = empty({64, 64}), .y = empty({64, 64})};
  bool all = true;
  for (const std::string& name : expected) {
    const std::string of_convolution = why_not(convolution, name),
                      of_linear = why_not(linear, name);
    if (of_convolution.empty() || of_linear.empty()) continue;
    all = false;
    std::cerr << "cuda_rows: " << name << " cannot run a convolution: " << of_convolution
              << "\ncuda_rows: " << name << " cannot run a linear layer: " << of_linear << '\n';
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  constexpr int kExpectedMissing = 3;
  CLI::App app("The CUDA rows, beside a copy, cuBLAS and cuDNN");
  app.add_option("--elements", options.elements)->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  app.add_option(
         "--expect", options.expected,
         "Rows that must be able to run, such as cublas,cudnn: checked before the first is timed")
      ->delimiter(',');
  app.add_option("--json", options.json, "File to write after every operation");
  CLI11_PARSE(app, argc, argv);
  try {
    if (const std::string why = unavailable(Device::cuda); !why.empty()) {
      throw std::runtime_error(why);
    }
    if (!all_can_run(options.expected)) return kExpectedMissing;
    Benchmark benchmark(options);
    add_elementwise(benchmark);
    add_layers(benchmark);
    add_updates(benchmark);
    add_linear(benchmark);
    add_convolutions(benchmark, options.batch);
    if (!benchmark.finish()) return 1;
  } catch (const std::exception& error) {
    std::cerr << "cuda_rows: " << error.what() << '\n';
    return 1;
  }
}
