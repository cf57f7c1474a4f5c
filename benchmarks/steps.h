// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

// What small_cnn_steps and its peer share, so that they measure alike.
namespace steps {

struct Options {
  std::string mode = "train";  // train or infer
  int steps = 40;              // measured steps of each variant
  int warmup = 8;              // steps of each variant before the first measured one
  int batch = 128;             // images in a step
  int slice = 0;               // infer: images that run through the net at once; 0: the batch
  int threads = 2;
};

inline void add_options(CLI::App& app, Options& options) {
  app.add_option("--mode", options.mode)->check(CLI::IsMember({"train", "infer"}));
  app.add_option("--steps", options.steps)->check(CLI::PositiveNumber);
  app.add_option("--warmup", options.warmup)->check(CLI::NonNegativeNumber);
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber);
  app.add_option("--slice", options.slice)->check(CLI::NonNegativeNumber);
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
}

/// Peak resident memory of this process in bytes.
inline std::int64_t peak_memory() {
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

/// Seconds of each step of each variant.  The variants take turns, so that what else the machine
/// does hits them alike.  `run` gets the number of the step.
inline std::vector<std::vector<double>> measure(
    const Options& options, const std::vector<std::function<void(int)>>& variants) {
  std::vector<std::vector<double>> seconds(variants.size());
  for (int i = 0; i < options.warmup + options.steps; ++i) {
    for (std::size_t v = 0; v < variants.size(); ++v) {
      const auto start = std::chrono::steady_clock::now();
      variants[v](i);
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      if (i >= options.warmup) seconds[v].push_back(elapsed.count());
    }
  }
  return seconds;
}

/// Images per second: of the median step, of the best one, and of the tenth part that is slowest.
inline nlohmann::json report(const Options& options, std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const auto rate = [&](std::size_t i) { return options.batch / seconds[i]; };
  return {{"mode", options.mode},
          {"batch", options.batch},
          {"slice", options.slice},
          {"threads", options.threads},
          {"steps", options.steps},
          {"images_per_second", rate(seconds.size() / 2)},
          {"images_per_second_best", rate(0)},
          {"images_per_second_slow", rate(seconds.size() * 9 / 10)},
          {"peak_bytes", peak_memory()}};
}

}  // namespace steps
