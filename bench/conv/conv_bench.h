// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "joule/bench/conv/conv_report.h"
#include "joule/data/dataset.h"
#include "joule/training/run/model_file.h"

namespace joule::bench {

struct ConvOptions {
  std::vector<ConvProblem> problems;  // with random zeros
  std::vector<double> densities;
  std::vector<Pass> passes;
  std::int64_t batch = 16;
  int rounds = 15;
  std::uint64_t seed = 1;  // of values, zeros and order
};

/// Callbacks: where it is measured, what is about to be measured, and every complete curve.
struct ConvProgress {
  std::function<void(const Environment&)> on_environment{};
  std::function<void(const std::string&)> on_start{};
  std::function<void(const ConvCurve&)> on_curve{};
};

/// Measures every pass of every problem at every density; with `model`, also each of its
/// convolutions on the first images of `images`.
///
/// Each measurement starts with two untimed runs of each: one that counts MACs and whose results
/// are compared, and one to warm up.  Then they take turns.
/// Errors    ArgumentError for rounds < 1; std::runtime_error if the results of two ways differ by
///           more than 10^-3 of the largest value (10^-2 if Context::precision is bf16), since the
///           time of a wrong kernel means nothing.
ConvReport bench_conv(const ConvOptions& options, const ConvProgress& progress,
                      training::Model* model = nullptr, const Dataset& images = {});

}  // namespace joule::bench
