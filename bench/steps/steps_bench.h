// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "joule/bench/steps/steps_report.h"

namespace joule::bench {

/// A net to measure: a new one by its name, or a trained one.
struct NetChoice {
  std::string model;    // empty with weights
  std::string weights;  // empty: new
};

struct StepsOptions {
  bool train = true;
  std::vector<NetChoice> nets;
  std::string data;  // as SideOptions
  std::string device = "cpu", precision = "f32", algorithms = "direct";
  std::int64_t batch = 128;
  int steps = 20, rounds = 5;
  std::uint64_t seed = 1;  // of the order
  std::string program;     // the joule program: `PROGRAM bench side ...` is a side of Joule
  /// PyTorch's program (benchmarks/torch_peer.py); if it is missing, PyTorch is left out.
  std::string torch_peer;
};

/// Callbacks: where it is measured, what is about to be measured, what is known after each process
/// of a round (not complete), and every complete net.
struct StepsProgress {
  std::function<void(const Environment&)> on_environment{};
  std::function<void(const std::string&)> on_start{};
  std::function<void(const StepsReport&)> on_result{};
  std::function<void(const NetReport&)> on_net{};
  std::function<bool()> stop{};  // called continually
};

/// Measures each net in Joule by its own choice, in Joule without the implementations that skip
/// zeros, and in PyTorch, eager and compiled.  Every measurement is a
/// separate process.  First each side tries its layouts and slices and keeps the fastest; then the
/// sides take turns, in an order drawn for every round.
///
/// Errors    ArgumentError for a bad option; as load_model(); std::runtime_error if a process
///           fails; Stopped as soon as progress.stop() says so.
StepsReport bench_steps(const StepsOptions& options, const StepsProgress& progress);

}  // namespace joule::bench
