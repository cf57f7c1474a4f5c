// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "joule/bench/conv/conv_operands.h"

namespace joule::bench {

/// Another library's way to run a pass, with the values of Joule's tensors.
struct Peer {
  std::string name;    // "oneDNN direct, nhwc"
  std::string kernel;  // the kernel that the library reports: "jit:avx512_core"
  bool direct = true;  // asked for the direct algorithm; false: the library chose
  std::function<void()> run;
  /// What the last run wrote, in Joule's layout: y, grad_weight, grad_x, or for a step all
  /// three.
  std::function<std::vector<Tensor>()> results;
};

/// oneDNN's ways: the direct algorithm with images in Joule's layout (nhwc); the direct algorithm
/// with oneDNN's own layout for every operand; and the algorithm that it chooses itself, with its
/// own layouts.  oneDNN has no masked gradient of the input, so it computes all of it; what the
/// ReLU's backward pass would then discard is not timed.  Weights are packed and images converted
/// beforehand: only the kernel runs.  A step may use images in three layouts without converting
/// between them.
///
/// The first way is left out for the gradient of the weights, and for a step, of a strided 1x1
/// kernel on fewer than 16 channels, because oneDNN writes out of bounds there.  The other two then
/// have images in blocks of 16 channels.
///
/// Empty if this build has no oneDNN.
/// Errors    std::runtime_error if oneDNN cannot run the problem; the message is oneDNN's.
///           Peer::run: ArgumentError if the number of threads has changed since this call.
std::vector<Peer> onednn_peers(Pass pass, const ConvOperands& operands);

}  // namespace joule::bench
