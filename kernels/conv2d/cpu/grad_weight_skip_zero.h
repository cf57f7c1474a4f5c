// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/zero_mask.h"
#include "joule/kernels/conv2d/shape.h"

// Gradients of the weights that execute only the multiply-adds one of whose operands is not zero,
// on raw pointers: written once, compiled for AVX-512, AVX2 and the baseline, chosen at run time.
// groups == 1.  The order in which an element is summed depends on the shape, the instruction set
// and the mask alone.
namespace joule::cpu {

/// Skips where x is 0; `mask` is x's.
void conv2d_grad_weight_skip_zero_x(const Conv2dShape& s, const float* x, const ZeroMask& mask,
                                    const float* grad_y, float* grad_w);

/// Skips where grad_y is 0; `mask` is grad_y's.
void conv2d_grad_weight_skip_zero_grad_y(const Conv2dShape& s, const float* x, const float* grad_y,
                                         const ZeroMask& mask, float* grad_w);

/// How many pixels one list of non-zeros of x or of grad_y covers; with few, starting and ending a
/// list costs relatively more.  At least 1.
std::int64_t nonzero_list_pixels(const Conv2dShape& s, bool of_x);

/// sums[c] = sum over the pixels of x[pixel, c]: the gradient of the bias.
void sum_pixels(const float* x, std::int64_t pixels, std::int64_t channels, float* sums);

}  // namespace joule::cpu
