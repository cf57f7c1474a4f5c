// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "joule/core/tensor.h"
#include "joule/kernels/l0/l0.h"

namespace joule {

/// What one layer put out during a forward pass.
struct Tap {
  std::string_view layer;  // full name
  Tensor value;
  SmoothL0 l0{};    // what l0_sum is
  Tensor l0_sum{};  // sum of value's smooth L0, if the layer computed it in its own pass
};

/// Which layers' outputs are tapped.
enum class TapLayers {
  relu,  // only ReLU: what a kernel can skip
  all,   // every leaf layer but dropout, the logits too
};

struct TapOptions {
  TapLayers layers = TapLayers::relu;
  /// Of the penalty to come: ReLU then sums the smooth L0 in its own pass.  0: not.
  float sigma = 0;
  float cutoff = 0;  // see SmoothL0
};

/// Collects taps on this thread while it lives.  Used by Module::forward_with_taps.
class TapCollector {
 public:
  explicit TapCollector(const TapOptions& options);
  ~TapCollector();
  TapCollector(const TapCollector&) = delete;
  TapCollector& operator=(const TapCollector&) = delete;

  /// The innermost one of this thread, or null.
  static TapCollector* current();

  const TapOptions& options() const { return options_; }
  void add(Tap tap) { taps_.push_back(std::move(tap)); }
  std::vector<Tap> take() { return std::move(taps_); }

 private:
  TapOptions options_;
  std::vector<Tap> taps_;
  TapCollector* outer_;
};

}  // namespace joule
