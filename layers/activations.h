// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/kernels/pointwise/pointwise.h"
#include "joule/kernels/softmax/softmax.h"
#include "joule/layers/module.h"

// Layers without parameters, except ReLU.  Each runs the function of the same name: see
// kernels/pointwise/pointwise.h and kernels/softmax/softmax.h.
namespace joule::nn {

class Sigmoid final : public Module {
 public:
  std::string describe() const override { return "Sigmoid()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return sigmoid(std::move(x)); }
};

class Tanh final : public Module {
 public:
  std::string describe() const override { return "Tanh()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return joule::tanh(std::move(x)); }
};

/// x where x > 0, else slope * x.
class LeakyReLU final : public Module {
 public:
  static constexpr float kSlope = 0.01f;  // the default

  /// Errors    ArgumentError if the slope is not finite.
  explicit LeakyReLU(float slope = kSlope);
  std::string describe() const override;
  LayerSpec spec() const override;
  float slope() const { return slope_; }

 private:
  Tensor forward(Tensor x) override { return leaky_relu(std::move(x), slope_); }
  float slope_;
};

/// x where x > 0, else alpha * (exp(x) - 1).
class ELU final : public Module {
 public:
  static constexpr float kAlpha = 1;  // the default

  /// Errors    ArgumentError if alpha is not finite.
  explicit ELU(float alpha = kAlpha);
  std::string describe() const override;
  LayerSpec spec() const override;
  float alpha() const { return alpha_; }

 private:
  Tensor forward(Tensor x) override { return elu(std::move(x), alpha_); }
  float alpha_;
};

/// The error function, of which GELU is made.
class Erf final : public Module {
 public:
  std::string describe() const override { return "Erf()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return joule::erf(std::move(x)); }
};

class GELU final : public Module {
 public:
  std::string describe() const override { return "GELU()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return gelu(std::move(x)); }
};

class SiLU final : public Module {
 public:
  std::string describe() const override { return "SiLU()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return silu(std::move(x)); }
};

class HardSwish final : public Module {
 public:
  std::string describe() const override { return "HardSwish()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return hard_swish(std::move(x)); }
};

/// y = min(max(x, least), most): ReLU6 with 0 and 6, the hard tanh with -1 and 1.
///
/// Cost      no MACs; per bounded side, two passes of ReLU and of two additions.
/// Numerics  exact where least <= x <= most, and 0 stays 0; beyond, y is at most 2^-23 |x| from the
///           bound.  NaN stays NaN; infinities become NaN.
class Clip final : public Module {
 public:
  /// Errors    ArgumentError unless least < most and both are finite.  The largest float as `most`,
  ///           or the lowest as `least`, leaves that side unbounded.
  Clip(float least, float most);
  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  float least_, most_;
};

/// Over the last dimension.  Do not put it before cross_entropy(), which takes logits.
class Softmax final : public Module {
 public:
  std::string describe() const override { return "Softmax()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return softmax(std::move(x)); }
};

}  // namespace joule::nn
