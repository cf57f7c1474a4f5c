// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "joule/kernels/conv2d/conv_transpose2d.h"
#include "joule/layers/init.h"
#include "joule/layers/module.h"

namespace joule::nn {

struct ConvTranspose2dOptions {
  std::int64_t in = 0, out = 0;
  Size2 kernel{3}, stride{1}, padding{0}, output_padding{0}, dilation{1};
  std::int64_t groups = 1;
  bool bias = true;
  Init init = Init::he_normal;  // fan_in: the taps of one output at stride 1
};
/// [N,P,Q,in] -> [N,H,W,out]; see conv_transpose2d().  Parameters: weight [in, kh, kw, out/groups],
/// bias [out].
class ConvTranspose2d final : public Module {
 public:
  /// Errors    ArgumentError if in, out or kernel is not positive, or groups do not divide in and
  ///           out.
  explicit ConvTranspose2d(const ConvTranspose2dOptions& options);
  std::string describe() const override;
  LayerSpec spec() const override;
  const ConvTranspose2dOptions& options() const { return options_; }

 private:
  Tensor forward(Tensor x) override;
  ConvTranspose2dOptions options_;
  Tensor weight_, bias_;
};

}  // namespace joule::nn
