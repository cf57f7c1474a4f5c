// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "joule/core/error.h"
#include "joule/data/dataset.h"
#include "joule/energy/ledger.h"
#include "joule/layers/graph/net.h"

namespace joule::training {

/// How many of `images` should run through a net at once.  On the CPU so few that what one layer
/// writes is still in the cache when the next one reads it; elsewhere all.
std::int64_t slice_for(Device device, std::int64_t images);
/// As many as slice_for() says.
inline constexpr std::int64_t kSliceThatSuits = 0;

/// The logits of many images [N,H,W,C] -> [N,K], on the CPU, without gradients.  The net runs where
/// it is, `slice` images at a time (from the first linear layer on all at once: see SlicedNet), in
/// evaluation mode, and is in its old mode afterwards.
///
/// Errors    ArgumentError if slice < 0, or there are no images.
Tensor predict(nn::Module& net, const Tensor& images, std::int64_t slice = kSliceThatSuits);

/// How many of a layer's outputs were not zero.
struct LayerDensity {
  std::string layer;
  std::int64_t values = 0;
  std::int64_t nonzeros = 0;
  double density() const { return static_cast<double>(nonzeros) / static_cast<double>(values); }
};

/// A net's logits, or its loss, are not finite: there is no accuracy of it to speak of.
struct NotFiniteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a net does on a labelled data set.
struct Evaluation {
  std::int64_t images = 0;
  std::int64_t correct = 0;
  double loss = 0;  // mean cross-entropy
  std::int64_t classes = 0;
  std::vector<std::int64_t> confusion;     // [classes, classes]: label, then predicted class
  std::vector<LayerDensity> relus;         // in the order in which they run
  std::vector<energy::Ledger::Line> work;  // of the forward pass of all images

  /// Errors    ArgumentError if there are no images.
  double accuracy() const {
    require(images > 0, "accuracy: there are no images");
    return static_cast<double>(correct) / static_cast<double>(images);
  }
};

/// Told of every batch: labels i32 [n] and logits [n,K].
using OnLogits = std::function<void(const Tensor& labels, const Tensor& logits)>;

struct EvaluateOptions {
  std::int64_t batch = 256;              // images that are normalised at once
  std::int64_t slice = kSliceThatSuits;  // of them at once, as predict()
  OnLogits on_logits{};
  std::function<bool()> stop{};  // asked before every batch
};

/// Runs the images of `dataset` in their order through the net, in evaluation mode.
///
/// Returns   nothing if `stop` said so.
/// Errors    ArgumentError if the net does not fit to the data set; NotFiniteError that says of how
///           many images the logits are not finite, and which parameter or layer's output is the
///           first that is not.
std::optional<Evaluation> evaluate(nn::Module& net, const Dataset& dataset,
                                   const EvaluateOptions& options = {});
/// The same; of a net of several outputs, logits [N,K] each: what they share runs once, a batch at
/// a time whatever options.slice says; `loss` is the sum of their losses, and the answers
/// (`correct`, `confusion`, `on_logits`) are the first output's.
std::optional<Evaluation> evaluate(nn::Net& net, const Dataset& dataset,
                                   const EvaluateOptions& options = {});

}  // namespace joule::training
