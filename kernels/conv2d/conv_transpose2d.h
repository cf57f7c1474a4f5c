// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"
#include "joule/kernels/conv2d/conv2d.h"

namespace joule {

/// The extent of a transposed convolution's output, which conv_output_size() maps back to `in`:
///   (in - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding
///
/// Errors    ArgumentError if a number of the window is out of range, output_padding is not from 0
///           to stride - 1, or the output would be empty.
Size2 conv_transpose_output_size(Size2 in, Size2 kernel, const ConvParams& params,
                                 Size2 output_padding);

/// The transposed convolution: the differentiable function whose forward pass is Conv2d's backward,
///   y[n,h,w,o] = bias[o] + sum of x[n,p,q,c] * weight[c,r,s,o]
/// over the taps by which a Conv2d with these parameters reads pixel (h,w) for its output (p,q).
///
/// Shapes    x [N,P,Q,C], weight [C,kh,kw,O/groups] (a Conv2d's from O channels to C), bias [O] or
///           undefined, result [N,H,W,O], H and W from conv_transpose_output_size().
/// Cost      accounted as Conv2dGradInput (and Add, if there is a bias); of the gradients Conv2d
///           for x, Conv2dGradWeight for weight, Sum for the bias.
/// Errors    ArgumentError as conv_transpose_output_size(), Conv2dGradInput and Add.
/// Source    Dumoulin and Visin 2016, arXiv:1603.07285, section 4.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvParams& params = {}, Size2 output_padding = 0);

}  // namespace joule
