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

/// Of a net's ReLUs, by their full names.
using ReluThresholds = std::map<std::string, float>;

/// A copy of the model whose ReLUs have these thresholds; the others keep theirs.  One of Joule's
/// named nets becomes "<name>-thresholded", since it is another net now.
///
/// Errors    ArgumentError if there is no ReLU of such a name, as ops::Relu for a threshold, or as
///           nn::Net, for a layer of a kind of its own.
Model with_relu_thresholds(Model& model, const ReluThresholds& thresholds);

/// A net whose small activations are zeros, and what that costs.
struct ThresholdedModel {
  Model model;
  ReluThresholds thresholds;
  Evaluation before, after;  // of the images by which the thresholds were chosen
};

/// The thresholds that cut off most, and cost no more than `most_lost` percentage points of
/// accuracy on `images`, which should be such as the net was not trained on, nor is reported on.
///
/// One number decides, the rise r of the cross-entropy that a threshold alone may cause: that of
/// ReLU k is the largest quantile of its outputs which are not zero (of a grid, and linearly
/// between its points) with
///   loss(this threshold alone) - loss(none) <= r
/// on the first kMeasuredImages images.  So layers that bear much lose much.  A ReLU is left alone
/// if the MACs that its outputs cost, macs_saved() times the share of them that is not zero, are
/// below kLeastMacs of the most that those of a ReLU cost: it would spend accuracy for nothing.  r
/// is found by halving its logarithm; accuracy need not fall evenly with
/// it, but what is returned was evaluated on all images.  A threshold that a ReLU has already is
/// never lowered.
///
/// With several numbers in `most_lost` each has its own r, by the same measurements: a front.
///
/// Cost      with K ReLUs the first images go through the net 9 K times, and all of them once, and
///           seven times more for each of `most_lost`.
/// Returns   one per number, in their order; nothing if `stop` said so.
/// Errors    ArgumentError if one of `most_lost` is negative, there are no images, the net has no
///           ReLU, or zeros of its ReLUs save nothing; as evaluate(), macs_saved() and
///           with_relu_thresholds().
inline constexpr std::int64_t kMeasuredImages = 1000;
inline constexpr double kLeastMacs = 1e-3;
struct ThresholdHooks {
  std::function<bool()> stop{};  // asked before every batch
  /// Told after each time that images went through the net, and how often they will.
  std::function<void(std::int64_t done, std::int64_t all)> progress{};
};
std::optional<std::vector<ThresholdedModel>> threshold_relus(Model& model, const Dataset& images,
                                                             std::span<const double> most_lost,
                                                             const ThresholdHooks& hooks = {});

/// What the run in `folder` held back of its training images, prepared for its model: images to
/// choose by.
///
/// Errors    ArgumentError if the folder holds no run, or the run held nothing back.
Dataset held_back(const std::string& folder, const Model& model);

}  // namespace joule::training
