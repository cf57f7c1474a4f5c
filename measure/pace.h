// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "joule/layers/module.h"

namespace joule::measure {

/// Seconds per image of one way to run a net, over the rounds.
struct RoundTimes {
  std::vector<double> seconds;  // of each round
  double median = 0;
};

/// Seconds per image that the operations of one layer took, in the mean over the rounds.
struct LayerPace {
  std::string layer;
  double skipping = 0, dense = 0;
};

/// The pace of a net's inference as Joule chooses, and with the implementations that skip zeros
/// passed over.
struct InferencePace {
  RoundTimes skipping, dense;
  std::vector<double> ratios;     // dense over skipping, of each round
  std::vector<LayerPace> layers;  // in the order in which they run
};

/// Runs the images [N,H,W,C] through the net in evaluation mode, `rounds` times either way, in an
/// order that is drawn for each round from `seed`, so that what else the machine does hits both
/// alike.  Two rounds that are not timed come first; a third as many more, in which every operation
/// is timed, come last.  An operation that does the work of two layers, as a convolution with the
/// ReLU behind it, is the first one's.
///
/// Cost      2 (rounds + rounds / 3 + 3) forward passes of N images.
/// Returns   nothing if `stop` said so; it is asked before every round.
/// Errors    ArgumentError if rounds < 1, or as training::predict().
std::optional<InferencePace> inference_pace(nn::Module& net, const Tensor& images, int rounds,
                                            std::uint64_t seed,
                                            const std::function<bool()>& stop = {});

}  // namespace joule::measure
