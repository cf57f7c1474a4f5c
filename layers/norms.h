// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "joule/layers/module.h"

// Normalisations that do not depend on the batch: the same in training and evaluation.  See
// kernels/group_norm/group_norm.h.
namespace joule::nn {

constexpr float kNormEpsilon = 1e-5f;  // the default

/// Over the channels of each row of [..., channels].  Parameters: weight (gamma), bias (beta).
class LayerNorm final : public Module {
 public:
  explicit LayerNorm(std::int64_t channels, float epsilon = kNormEpsilon);
  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  std::int64_t channels_;
  float epsilon_;
  Tensor gamma_, beta_;
};

/// Over the pixels and the channels of each group of each image.  Parameters: weight (gamma), bias
/// (beta).
class GroupNorm final : public Module {
 public:
  /// Errors    ArgumentError if the groups do not divide the channels.
  GroupNorm(std::int64_t groups, std::int64_t channels, float epsilon = kNormEpsilon);
  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  std::int64_t groups_, channels_;
  float epsilon_;
  Tensor gamma_, beta_;
};

}  // namespace joule::nn
