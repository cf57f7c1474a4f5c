// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/cpu/bf16_weights.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/product/nonzero_runs.h"

// Convolutions of nearly empty images from the runs of their non-zeros, on raw pointers: written
// once, compiled for AVX-512, AVX2 and the baseline, chosen at run time.
// groups == 1, dilation_w == 1, so that the taps of a kernel row read one run.
namespace joule::cpu {

/// Weights in the order in which the kernel reads them: per pass and block of output channels
/// [tap_h, tap_w, in channel, out channel]; padded with zeros to whole vectors, so the order
/// depends on the instruction set.
std::shared_ptr<const Floats> pack_runs_forward(const Conv2dShape& s, const float* w);
std::shared_ptr<const Floats> pack_runs_grad_input(const Conv2dShape& s, const float* w);

/// Called with pieces of y as PixelsDone is: 0 <= item < runs_pieces(shape).
std::int64_t runs_pieces(const Conv2dShape& s);

/// y = bias + x * w.  `x` holds the runs of x; `w` comes from pack_runs_forward, optionally rounded
/// to bf16; bias may be null, done empty.  Each y is the sum over its taps and their non-zero
/// channels in memory order, distributed over a number of partial sums that depends on the shape
/// and the instruction set.
template <class Weight>
void conv2d_runs(const Conv2dShape& s, const NonzeroRuns& x, const PoolArray<Weight>& w,
                 const float* bias, float* y, const PixelsDone& done);

/// `grad_y` holds the runs of grad_y; `w` comes from pack_runs_grad_input.
void conv2d_grad_input_runs(const Conv2dShape& s, const NonzeroRuns& grad_y, const Floats& w,
                            float* grad_x);

}  // namespace joule::cpu
