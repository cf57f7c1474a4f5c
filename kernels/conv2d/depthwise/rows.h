// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/passes.h"

// What the drivers of cpu.cpp pass to the code that is compiled per instruction set.
namespace joule::cpu {

/// A depthwise correlation of images: the forward pass, or one phase of the gradient of the input.
struct DepthwisePass {
  Pass pass;
  std::int64_t channels, kernel_w;
  const float* in;       // [batch, pass.h.in, pass.w.in, channels]
  const float* weights;  // [kernel_h, kernel_w, channels]
  const float* bias;     // [channels] or null
  float* out;            // [batch, pass.h.out, pass.w.out, channels]
};

/// Some rows of grad_y whose terms are added to the gradient of the weights.
struct DepthwiseGradWeightRows {
  Conv2dShape shape;
  Pass pass;                // forward_pass(shape)
  std::int64_t begin, end;  // of the batch * out_h rows
  const float* x;
  const float* grad_y;
  float* sums;  // [kernel_h, kernel_w, channels]
};

}  // namespace joule::cpu
