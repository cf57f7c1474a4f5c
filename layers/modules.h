// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/layers/functions.h"
#include "joule/layers/init.h"
#include "joule/layers/module.h"

// The layers.  Each runs the function of the same name in layers/functions.h.
namespace joule::nn {

struct Conv2dOptions {
  std::int64_t in = 0, out = 0;
  Size2 kernel{3}, stride{1}, padding{0}, dilation{1};
  std::int64_t groups = 1;
  bool bias = true;
  Init init = Init::he_normal;
};
/// Parameters: weight [out, kh, kw, in/groups], bias [out].
class Conv2d final : public Module {
 public:
  explicit Conv2d(const Conv2dOptions& options);
  std::string describe() const override;
  LayerSpec spec() const override;
  const ConvParams& params() const { return params_; }
  const Tensor& weight() const { return weight_; }

 private:
  Tensor forward(Tensor x) override;
  Conv2dOptions options_;
  ConvParams params_;
  Tensor weight_, bias_;
};

struct LinearOptions {
  bool bias = true;
  Init init = Init::he_normal;
};
/// x [N, in] -> [N, out].  Parameters: weight [out, in], bias [out].
class Linear final : public Module {
 public:
  Linear(std::int64_t in, std::int64_t out, const LinearOptions& options = {});
  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  std::int64_t in_, out_;
  LinearOptions options_;
  Tensor weight_, bias_;
};

/// x where it exceeds the threshold, else 0: see ops::Relu.  TapLayers::relu taps this layer.
class ReLU final : public Module {
 public:
  /// Errors    ArgumentError unless threshold is finite and not negative.
  explicit ReLU(float threshold = 0);
  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  friend class GraphExecutor;  // it runs ReLU with the convolution or norm before it
  Tensor forward(Tensor x) override;
  bool tapped_by_all() const override { return false; }  // forward() taps
  static SmoothL0 wanted_l0();
  static void tap(const ReluOutput& output);
  float threshold_;
};

/// Windows of size `kernel`, `stride` apart (0: the kernel's size).
class MaxPool2d final : public Module {
 public:
  explicit MaxPool2d(Size2 kernel, Size2 stride = 0, Size2 padding = 0,
                     const MaxPoolOptions& options = {});
  std::string describe() const override;
  LayerSpec spec() const override;
  Size2 kernel() const { return kernel_; }

 private:
  Tensor forward(Tensor x) override;
  Size2 kernel_, stride_, padding_;
  MaxPoolOptions options_;
};

class AvgPool2d final : public Module {
 public:
  explicit AvgPool2d(Size2 kernel, Size2 stride = 0, Size2 padding = 0,
                     const AvgPoolOptions& options = {});
  std::string describe() const override;
  LayerSpec spec() const override;
  Size2 kernel() const { return kernel_; }

 private:
  Tensor forward(Tensor x) override;
  Size2 kernel_, stride_, padding_;
  AvgPoolOptions options_;
};

/// [N,H,W,C] -> [N,C].
class GlobalAvgPool final : public Module {
 public:
  std::string describe() const override { return "GlobalAvgPool()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return global_avg_pool(std::move(x)); }
};

/// Over all dimensions but the channels.  Parameters: weight (gamma), bias (beta); buffers:
/// running_mean, running_var.
class BatchNorm final : public Module {
 public:
  explicit BatchNorm(std::int64_t channels, const BatchNormOptions& options = {});
  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  std::int64_t channels_;
  BatchNormOptions options_;
  Tensor gamma_, beta_, running_mean_, running_var_;
};

/// Drops values with a probability in [0, 1]; does nothing in evaluation mode.
class Dropout final : public Module {
 public:
  explicit Dropout(float probability);
  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  bool tapped_by_all() const override { return false; }
  float probability_;
};

/// [N, ...] -> [N, product].
class Flatten final : public Module {
 public:
  std::string describe() const override { return "Flatten()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return flatten(std::move(x)); }
};

}  // namespace joule::nn
