// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/shape.h"

// Winograd convolutions for the CPU, on raw pointers: 3x3 kernels with stride and dilation 1, one
// group.  For each tile of m x m outputs, the (m + 2) x (m + 2) inputs are transformed (by sums and
// differences), multiplied by as many transformed weights, and transformed back:
//   Y = A^T [ sum_c (G g_c G^T) * (B^T d_c B) ] A
// which takes (m + 2)^2 products for m^2 outputs instead of 9 for each output.
//
// Numerics  float32.  With |M| the matrix of magnitudes, the error of an output is at most gamma_n
//           times |A^T| [ sum_c |G| |g_c| |G^T| * |B^T| |d_c| |B| ] |A|, with n = channels + 22 for
//           m = 2 and channels + 30 for m = 4: relative to the largest inputs of a tile, not to the
//           products of one output.  For m = 2, an output depends only on the nine inputs that it
//           reads, so zeros give an exact zero; for m = 4, on all 36 of its tile.  The points are
//           0, 1, -1 for m = 2 and 0, +-sqrt(1/2), +-sqrt(2) for m = 4, whose errors are half of
//           those of 0, +-1, +-2.  Inputs that are not finite make NaN.  The bits depend on the
//           instruction set alone.
// Source    Lavin and Gray 2016, arXiv:1509.09308; the choice of points: Barabasz et al. 2020,
//           doi:10.1145/3412380.
namespace joule::cpu {

/// m of F(m x m, 3 x 3).
enum class WinogradTile { two = 2, four = 4 };

/// G w G^T in the order in which it is read: per block of output channels [(m + 2)^2, in channel,
/// out channel of the block], padded with zeros to whole vectors.  For the gradient of the input,
/// of the kernels read backwards, with input and output channels exchanged.
std::shared_ptr<const Floats> winograd_weights(WinogradTile tile, const Conv2dShape& s,
                                               const float* w);
std::shared_ptr<const Floats> winograd_grad_input_weights(WinogradTile tile, const Conv2dShape& s,
                                                          const float* w);

/// How many items conv2d_winograd() passes to `done`; depends on the shape alone.
std::int64_t winograd_items(WinogradTile tile, const Conv2dShape& s);

/// y = bias + x * w.  `w` comes from winograd_weights; bias may be null, done empty.
///
/// Cost      (m + 2)^2 / m^2 multiply-adds per output and input channel, including outputs beyond
///           the edge of a last tile; memory for as many tiles per thread as fit into its
///           second-level cache.
void conv2d_winograd(WinogradTile tile, const Conv2dShape& s, const float* x, const Floats& w,
                     const float* bias, float* y, const PixelsDone& done);

/// `w` comes from winograd_grad_input_weights.
void conv2d_grad_input_winograd(WinogradTile tile, const Conv2dShape& s, const float* grad_y,
                                const Floats& w, float* grad_x);

}  // namespace joule::cpu
