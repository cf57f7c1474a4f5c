// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "joule/core/tensor.h"
#include "joule/kernels/l0/l0.h"

namespace joule {

/// The output of one layer in a forward pass.
struct Tap {
  std::string_view layer;  // full name
  Tensor value;
  SmoothL0 l0{};    // the parameters of l0_sum
  Tensor l0_sum{};  // the sum of the smooth L0 of `value`, if the layer computed it in its own pass
};

/// Which layers' outputs are tapped.
enum class TapLayers {
  relu,  // only ReLU layers, whose zeros a kernel can skip
  all,   // every leaf layer except dropout, the logits included
};

struct TapOptions {
  TapLayers layers = TapLayers::relu;
  /// Sigma of the penalty to come: ReLU then sums the smooth L0 in its own pass.  0: it does not.
  float sigma = 0;
  float cutoff = 0;  // see SmoothL0
};

/// Collects the taps of this thread during its lifetime.  Used by Module::forward_with_taps().
class TapCollector {
 public:
  explicit TapCollector(const TapOptions& options);
  ~TapCollector();
  TapCollector(const TapCollector&) = delete;
  TapCollector& operator=(const TapCollector&) = delete;

  /// The innermost collector of this thread, or null.
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
