// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "joule/core/context.h"
#include "joule/core/device.h"
#include "joule/energy/ledger.h"
#include "joule/models/models.h"

// One side of a comparison: a net that trains or infers, alone in its process, so that its memory
// and threads are its own.
namespace joule::bench {

inline constexpr std::string_view kRandomImages = "random";

struct SideOptions {
  bool train = true;
  std::string model = "small-cnn";  // a new net, unless there are weights
  std::string weights{};            // folder of a run, or a model.safetensors
  /// A data set, or "random": uniform images and labels.  Empty: random for a new net, and for a
  /// trained one the data set that it was trained on.
  std::string data{};
  std::int64_t batch = 128;
  std::int64_t slice = 0;  // for infer: images run at once; 0: the batch
  int steps = 20, warmup = 4;
  bool dense = false;  // do not use implementations that skip zeros
  bool graph = true;   // for train on cuda: capture the forward and backward pass if possible
  Device device = Device::cpu;
  Precision precision = Precision::f32;
  Algorithms algorithms = Algorithms::direct;
};

struct SideResult {
  double images_per_second = 0;       // of the median step
  double images_per_second_best = 0;  // of the quickest one
  std::int64_t peak_bytes = 0;        // resident memory during the steps; cuda: of tensors there
  double density = 0;                 // fraction of non-zeros among the outputs of all ReLUs
  energy::Totals work;                // of one step
  std::string launched;               // for cuda: "as a graph", or why kernel by kernel

  friend bool operator==(const SideResult&, const SideResult&);
};

/// A step of training: zero the gradients, forward pass, mean cross-entropy, backward pass, SGD
/// with momentum.  Four batches alternate, so that no step finds its images in the cache.  One
/// counted step and `warmup` steps precede the timed ones; if a graph is used, it is captured by
/// then, with four of them or more.
///
/// A dense side uses only implementations that multiply zeros, too (Context::skip_zeros).
/// Errors    ArgumentError for a bad option, or if the data set has fewer images than the batch;
///           as load_model() and load_dataset(); std::runtime_error if the loss is not finite.
SideResult run_side(const SideOptions& options);

/// One line; from_json() reads it.
std::string to_json(const SideResult& result);
/// Errors    std::runtime_error if the line is not of this form.
SideResult side_from_json(const std::string& line);

}  // namespace joule::bench
