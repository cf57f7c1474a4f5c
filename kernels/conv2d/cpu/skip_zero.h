// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/zero_mask.h"
#include "joule/kernels/conv2d/cpu/bf16_weights.h"
#include "joule/kernels/conv2d/cpu/direct.h"

// Convolutions that execute only the multiply-adds with a non-zero input, on raw pointers:
// written once, compiled for AVX-512, AVX2 and the baseline, chosen at run time.  groups == 1.
namespace joule::cpu {

/// Weights in the order in which the kernel for their type reads them: per pass, block of output
/// channels, block of 64 or 128 input channels [tap_h, tap_w, in channel, out channel]; padded with
/// zeros to whole vectors, so the order depends on the instruction set.
template <class Weight>
std::shared_ptr<const Floats> pack_skip_zero_forward(const Conv2dShape& s, const float* w);
std::shared_ptr<const Floats> pack_skip_zero_grad_input(const Conv2dShape& s, const float* w);

/// Called with pieces of y as PixelsDone is: 0 <= item < skip_zero_pieces(shape).
std::int64_t skip_zero_pieces(const Conv2dShape& s);

/// y = bias + x * w.  `mask` is x's; `w` comes from pack_skip_zero_forward, optionally rounded to
/// bf16; bias may be null, done empty.  Each y is a sum over tap rows, blocks of 64 channels, taps
/// and channels in an order that depends on the shape and the instruction set alone.
template <class Weight>
void conv2d_skip_zero(const Conv2dShape& s, const float* x, const ZeroMask& mask,
                      const PoolArray<Weight>& w, const float* bias, float* y,
                      const PixelsDone& done);

/// y [pixels, out_channels] = bias + x [pixels, in_channels] * w: a 1x1 convolution of pixels that
/// belong to no image.  `mask` holds one word per pixel per 64 channels; `w` comes from
/// pack_skip_zero_forward, optionally rounded to bf16, or, with input and output channels
/// exchanged, from pack_skip_zero_grad_input.
template <class Weight>
void conv1x1_skip_zero(std::int64_t pixels, std::int64_t in_channels, std::int64_t out_channels,
                       const float* x, const std::uint64_t* mask, const PoolArray<Weight>& w,
                       const float* bias, float* y);

/// c [rows, columns] = a [rows, depth] * b [depth, columns] for a b that is used once: its blocks
/// are packed on the way.  `mask` holds one word per row of a per 64 of its columns.  Each c is
/// summed in the order of b's rows.
void matmul_skip_zero(std::int64_t rows, std::int64_t depth, std::int64_t columns, const float* a,
                      const std::uint64_t* mask, const float* b, float* c);

/// `mask` is grad_y's; `w` comes from pack_skip_zero_grad_input.
void conv2d_grad_input_skip_zero(const Conv2dShape& s, const float* grad_y, const ZeroMask& mask,
                                 const Floats& w, float* grad_x);

}  // namespace joule::cpu
