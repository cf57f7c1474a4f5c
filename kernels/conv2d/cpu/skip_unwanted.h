// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/zero_mask.h"
#include "joule/kernels/conv2d/cpu/direct.h"

// The gradient of a convolution's input, only where it is wanted, on raw pointers: written once,
// compiled for AVX-512, AVX2 and the baseline, chosen at run time.  groups == 1.
namespace joule::cpu {

/// Weights in the order in which the kernel reads them: per pass, block of output channels and
/// input channel [tap_h, tap_w, out channel]; padded with zeros to whole vectors, so the order
/// depends on the instruction set.
std::shared_ptr<const Floats> pack_skip_unwanted(const Conv2dShape& s, const float* w);

/// grad_x where `wanted` has a bit set, 0 elsewhere.  `w` comes from pack_skip_unwanted.  Each
/// grad_x is a dot product over blocks of output channels, taps and channels; its order depends on
/// the shape, the instruction set, and how many nearby pixels want the same channel.
void conv2d_grad_input_skip_unwanted(const Conv2dShape& s, const float* grad_y,
                                     const ZeroMask& wanted, const Floats& w, float* grad_x);

}  // namespace joule::cpu
