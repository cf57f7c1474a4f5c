// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace joule {

enum class Phase { forward, backward, update };

constexpr std::string_view name(Phase phase) {
  return phase == Phase::forward ? "forward" : phase == Phase::backward ? "backward" : "update";
}

/// The layer and phase for which an operation runs.  Only Module::operator(), backward(),
/// Optimizer::step() and clip_grad_norm() set it.
struct Scope {
  std::string_view layer;  // full name, "block1.conv2"; empty outside of any layer; never dangles
  Phase phase = Phase::forward;
};

/// A copy of `text` that lives as long as the program; equal texts give the same pointer.
std::string_view intern(std::string_view text);

}  // namespace joule
