// SPDX-License-Identifier: MIT
// What `joule profile --trace` costs where the counter moves once per millisecond, so that it is
// read and told two hundred times a second: training steps of SmallCnn with and without a power
// track, in turn, as the median of the ratios of neighbours and its 95 % interval.  A JSON line on
// standard output.
//
//   power_track_steps --batch 128 --slice-steps 8 --rounds 60
//
// The source is synthetic: 30 W by this machine's clock.  Each reading also reads /proc/uptime, a
// file that the kernel writes when it is read, as it does those of its energy counters.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include <joule/joule.h>
#include "joule/energy/attribution/power_track.h"

namespace {

using joule::Tensor;
namespace energy = joule::energy;

constexpr double kMostOverhead = 0.01;
constexpr double kLeastRate = 180;  // of the 200 readings per second, less what waking takes

struct Options {
  int batch = 128;
  int slice_steps = 8;  // timed together, so that many readings fall into them
  int rounds = 60;      // of one slice with and one without
  int warmup = 8;
  int threads = 2;
};

/// A counter that moves once per millisecond.
class Synthetic final : public energy::Meter {
 public:
  Synthetic()
      : Meter({.name = "synthetic",
               .scope = "30 W by the clock",
               .unit = energy::Joules(1e-6),
               .update_period = energy::Seconds(1e-3)}),
        file_(::open("/proc/uptime", O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) throw std::runtime_error("/proc/uptime cannot be opened");
  }
  ~Synthetic() override { ::close(file_); }
  std::int64_t readings() const { return readings_; }

 private:
  Sample sample(energy::Purpose) override {
    ++readings_;
    std::array<char, 64> text;
    if (::pread(file_, text.data(), text.size(), 0) <= 0) return {.failure = "/proc/uptime"};
    return {.ticks = 30'000 * (clock().now_ns() / 1'000'000)};
  }
  int file_;
  std::atomic<std::int64_t> readings_ = 0;
};

/// Training of SmallCnn on random images; four batches in turn, so that none is in the cache.
class Training {
 public:
  explicit Training(int batch)
      : net_(joule::small_cnn({})), optimizer_(net_.parameters(), {.lr = 0.01, .momentum = 0.9}) {
    joule::Generator generator(2);
    for (int i = 0; i < 4; ++i) {
      const Tensor images({batch, 28, 28, 1}), labels({batch}, joule::DType::i32);
      generator.uniform({images.mutable_data<float>(), static_cast<std::size_t>(images.numel())});
      for (int k = 0; k < batch; ++k) {
        labels.mutable_data<std::int32_t>()[k] = static_cast<std::int32_t>(generator.below(10));
      }
      images_.push_back(images);
      labels_.push_back(labels);
    }
  }

  /// Seconds of so many steps.
  double run(int steps) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < steps; ++i, next_ = (next_ + 1) % images_.size()) {
      optimizer_.zero_grad();
      const Tensor loss = cross_entropy(net_(images_[next_]), labels_[next_]);
      loss.backward();
      optimizer_.step();
      if (!std::isfinite(loss.item())) throw std::runtime_error("the loss is not finite");
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

 private:
  joule::nn::Net net_;
  joule::Sgd optimizer_;
  std::vector<Tensor> images_, labels_;
  std::size_t next_ = 0;
};

struct MedianInterval {
  double median, lower, upper;
};

/// The interval that covers the median with at least 95 %, whatever the distribution: from the k-th
/// smallest to the k-th largest value, with the largest k for which 2 P(Bin(n, 1/2) < k) <= 5 %.
/// Source    David and Nagaraja 2003, Order Statistics, section 7.1.
MedianInterval median_interval(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  double term = std::pow(0.5, static_cast<double>(n)), below = term;  // P(Bin = 0)
  if (2 * below > 0.05) throw std::invalid_argument("--rounds: expected at least 6");
  std::size_t k = 1;
  while (true) {
    term *= static_cast<double>(n - k + 1) / static_cast<double>(k);  // P(Bin = k)
    if (2 * (below + term) > 0.05) break;
    below += term;
    ++k;
  }
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values[k - 1], values[n - k]};
}

void run(const Options& o) {
  joule::set_num_threads(o.threads);
  joule::manual_seed(1);
  Training training(o.batch);
  Synthetic source;
  training.run(o.warmup);
  std::vector<double> ratios;
  double tracked_seconds = 0, plain_seconds = 0, core = 0;
  joule::Generator order(3);
  for (int round = 0; round < o.rounds; ++round) {
    const bool tracked_first = order.below(2) == 1;
    double with = 0, without = 0;
    for (const bool tracked : {tracked_first, !tracked_first}) {
      if (!tracked) {
        without = training.run(o.slice_steps);
        continue;
      }
      energy::PowerTrack track(source);
      with = training.run(o.slice_steps);
      track.stop();
      core += track.share_of_a_core() * with;
    }
    ratios.push_back(with / without);
    tracked_seconds += with;
    plain_seconds += without;
  }
  const auto [median, lower, upper] = median_interval(ratios);
  const double rate = static_cast<double>(source.readings()) / tracked_seconds;
  const nlohmann::ordered_json report{
      {"program", "power_track_steps"},
      {"batch", o.batch},
      {"threads", o.threads},
      {"rounds", o.rounds},
      {"steps_per_slice", o.slice_steps},
      {"seconds_per_step", plain_seconds / (o.rounds * o.slice_steps)},
      {"readings_per_second", rate},
      {"share_of_a_core", core / tracked_seconds},
      {"time_with_to_without", {{"median", median}, {"lower", lower}, {"upper", upper}}},
      {"most_allowed", 1 + kMostOverhead},
      {"verdict", rate < kLeastRate            ? "none: the machine is too busy to read so often"
                  : upper <= 1 + kMostOverhead ? "within"
                  : lower > 1 + kMostOverhead  ? "above"
                                               : "undecided: more --rounds"}};
  std::cout << report.dump() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Training steps with and without the power track of a counter at 1 kHz; JSON");
  app.add_option("--batch", o.batch, "Images in a step")->check(CLI::PositiveNumber);
  app.add_option("--slice-steps", o.slice_steps, "Steps that are timed together")
      ->check(CLI::PositiveNumber);
  app.add_option("--rounds", o.rounds, "Pairs of a slice with and one without")
      ->check(CLI::Range(6, 10'000));
  app.add_option("--warmup", o.warmup, "Steps before the first round")->check(CLI::PositiveNumber);
  app.add_option("--threads", o.threads)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const std::exception& error) {
    std::cerr << "power_track_steps: " << error.what() << '\n';
    return 1;
  }
}
