// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "joule/bench/conv/conv_operands.h"

namespace joule::bench {

/// Another library's way to run a pass on the values of Joule's tensors.
struct Peer {
  std::string name;    // "oneDNN direct, nhwc"
  std::string kernel;  // what the library says that it runs: "jit:avx512_core"
  bool direct = true;  // asked for the direct algorithm; otherwise the library chose
  std::function<void()> run;
  /// What the last run wrote, as Joule's tensors have it: y, grad_weight, grad_x, or for a step the
  /// three of them.
  std::function<std::vector<Tensor>()> results;
};

/// oneDNN's: the direct algorithm with images as Joule has them (nhwc); the direct algorithm with a
/// layout of its own for every operand; and the algorithm that it chooses itself, with layouts of
/// its own.  oneDNN has no masked gradient of the input: there it computes the whole of it, and
/// what the ReLU's backward pass would then discard is not timed.  The weights are packed, and the
/// images in the layout that each wants, beforehand: only the kernel is run.  A step may have
/// images in three layouts without converting between them.
///
/// The first way is left out for the gradient of the weights, and a step, of a strided 1x1 kernel
/// on fewer than 16 channels: oneDNN writes out of bounds there.  The other two then have the
/// images in blocks of 16 channels.
///
/// Without oneDNN in this build there are none.
/// Errors    std::runtime_error if oneDNN cannot run the problem; the message is oneDNN's.
///           Peer::run: ArgumentError if the number of threads is no longer what it was here.
std::vector<Peer> onednn_peers(Pass pass, const ConvOperands& operands);

}  // namespace joule::bench
