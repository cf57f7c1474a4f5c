// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/training/evaluate.h"
#include "joule/training/run/model_file.h"

namespace joule::training {

/// Thresholds of a net's ReLUs, by their full names.
using ReluThresholds = std::map<std::string, float>;

/// A copy of the model whose ReLUs have these thresholds; the others keep theirs.  If the model is
/// one of Joule's named nets, the copy is called "<name>-thresholded", since it is another net.
///
/// Errors    ArgumentError if no ReLU has such a name; as ops::Relu for a threshold; or as nn::Net
///           for a layer of a kind of its own.
Model with_relu_thresholds(Model& model, const ReluThresholds& thresholds);

/// A net whose small activations are set to zero, and its loss of accuracy.
struct ThresholdedModel {
  Model model;
  ReluThresholds thresholds;
  Evaluation before, after;  // on the images by which the thresholds were chosen
};

/// The thresholds that cut off most while costing at most `most_lost` percentage points of accuracy
/// on `images`, which should neither have trained the net nor be used to report on it.
///
/// A single number decides: the rise r of the cross-entropy that one threshold alone may cause.
/// The threshold of ReLU k is the largest quantile of its non-zero outputs (on a grid, linear
/// between its points) with
///   loss(this threshold alone) - loss(none) <= r
/// on the first kMeasuredImages images.  So layers that tolerate much lose much.  A ReLU is left
/// alone if the MACs that its outputs cost, macs_saved() times the fraction of them that is not
/// zero, are below kLeastMacs of the largest such cost of a ReLU: it would lose accuracy for
/// nothing.  r is found by bisection of its logarithm.  Accuracy need not fall monotonically with
/// it, but what is returned was evaluated on all images.  A threshold that a ReLU already has is
/// never lowered.
///
/// Each number in `most_lost` gets its own r from the same measurements: together, a front.
///
/// Cost      with K ReLUs, the first images go through the net 9 K times, and all of them once, and
///           seven more times for each number in `most_lost`.
/// Returns   one per number, in order; nothing if `stop` returned true.
/// Errors    ArgumentError if a number in `most_lost` is negative, there are no images, the net has
///           no ReLU, or zeros of its ReLUs save nothing; as evaluate(), macs_saved() and
///           with_relu_thresholds().
inline constexpr std::int64_t kMeasuredImages = 1000;
inline constexpr double kLeastMacs = 1e-3;
struct ThresholdHooks {
  std::function<bool()> stop{};  // called before every batch
  /// Called after each pass of images through the net, with the number of passes done and in all.
  std::function<void(std::int64_t done, std::int64_t all)> progress{};
};
std::optional<std::vector<ThresholdedModel>> threshold_relus(Model& model, const Dataset& images,
                                                             std::span<const double> most_lost,
                                                             const ThresholdHooks& hooks = {});

/// The training images that the run in `folder` held back, prepared for its model: images for
/// choices.
///
/// Errors    ArgumentError if the folder holds no run, or the run held back nothing.
Dataset held_back(const std::string& folder, const Model& model);

}  // namespace joule::training
