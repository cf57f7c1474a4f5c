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

/// How many of `images` should run through a net at once.  On the CPU, so few that a layer's
/// outputs are still in the cache when the next layer reads them; elsewhere all.
std::int64_t slice_for(Device device, std::int64_t images);
/// The number that slice_for() returns.
inline constexpr std::int64_t kSliceThatSuits = 0;

/// The logits [N,K] of many images [N,H,W,C], on the CPU, without gradients.  The net runs on its
/// own device, `slice` images at a time (from the first linear layer on all at once: see
/// SlicedNet), in evaluation mode; its previous mode is restored.
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

/// A net's logits or its loss are not finite, so its accuracy is meaningless.
struct NotFiniteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The results of a net on a labelled data set.
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

/// Called for every batch with labels i32 [n] and logits [n,K].
using OnLogits = std::function<void(const Tensor& labels, const Tensor& logits)>;

struct EvaluateOptions {
  std::int64_t batch = 256;              // images normalised at once
  std::int64_t slice = kSliceThatSuits;  // images run at once, as in predict()
  OnLogits on_logits{};
  std::function<void(double)> on_loss{};  // told each addend of the sum whose mean is the loss
  std::function<bool()> stop{};           // called before every batch
};

/// Runs the images of `dataset` in order through the net, in evaluation mode.
///
/// Returns   nothing if `stop` returned true.
/// Errors    ArgumentError if the net does not fit the data set; NotFiniteError that says for how
///           many images the logits are not finite, and which parameter or layer output is the
///           first that is not.
std::optional<Evaluation> evaluate(nn::Module& net, const Dataset& dataset,
                                   const EvaluateOptions& options = {});
/// The same for a net of several outputs with logits [N,K] each.  What they share runs once, a
/// whole batch at a time (options.slice is ignored).  `loss` is the sum of their losses; the
/// answers (`correct`, `confusion`, `on_logits`) are those of the first output.
std::optional<Evaluation> evaluate(nn::Net& net, const Dataset& dataset,
                                   const EvaluateOptions& options = {});

}  // namespace joule::training
