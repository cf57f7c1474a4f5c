// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "joule/core/context.h"
#include "joule/core/device.h"
#include "joule/energy/ledger.h"
#include "joule/models/models.h"

// One side of a comparison: a net that takes training steps or infers, alone in its process, so
// that its memory and its threads are its own.
namespace joule::bench {

inline constexpr std::string_view kRandomImages = "random";

struct SideOptions {
  bool train = true;
  std::string model = "small-cnn";  // a fresh net, unless there are weights
  std::string weights{};            // folder of a run, or a model.safetensors
  /// A data set, or "random": uniform images and labels.  Empty: random for a fresh net, what it
  /// was trained on for another.
  std::string data{};
  std::int64_t batch = 128;
  std::int64_t slice = 0;  // of infer: images that run through the net at once; 0: the batch
  int steps = 20, warmup = 4;
  bool dense = false;  // pass over the implementations that skip zeros
  bool graph = true;   // of train on cuda: the forward and backward pass is captured, if it can be
  Device device = Device::cpu;
  Precision precision = Precision::f32;
  Algorithms algorithms = Algorithms::direct;
};

struct SideResult {
  double images_per_second = 0;       // of the median step
  double images_per_second_best = 0;  // of the quickest one
  std::int64_t peak_bytes = 0;        // resident memory while it steps; cuda: of tensors there
  double density = 0;                 // share of non-zeros among the outputs of all ReLUs
  energy::Totals work;                // of one step
  std::string launched;               // of cuda: "as a graph", or why kernel by kernel

  friend bool operator==(const SideResult&, const SideResult&);
};

/// A step of training: zero the gradients, forward pass, mean cross-entropy, backward pass, SGD
/// with momentum.  Four batches in turn, so that no step finds its images in the cache.  One step
/// that is counted and `warmup` steps come before those that are timed; a graph, if there is to be
/// one, is captured by then, with four of them or more.
///
/// A dense side chooses among the implementations that multiply zeros, too (Context::skip_zeros).
/// Errors    ArgumentError for a bad option, or if the data set has fewer images than the batch;
///           as load_model() and load_dataset(); std::runtime_error if the loss is not finite.
SideResult run_side(const SideOptions& options);

/// One line; from_json() reads it.
std::string to_json(const SideResult& result);
/// Errors    std::runtime_error if it is not such a line.
SideResult side_from_json(const std::string& line);

}  // namespace joule::bench
