// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "joule/kernels/conv2d/impl.h"

// What the CUDA implementations of Conv2d and its gradients share; private to this folder.  All
// functions queue their work, and none waits.
namespace joule::cuda {

/// count_zeros_of_x() and the like (impl.h), counted on the device, with the same results.
///
/// Cost      nothing without a tally; otherwise one read of the mask, or of the values of a tensor
///           without one.
void tally_zeros_of_x(Tally* tally, const Conv2dShape& s, const Tensor& x,
                      Zeros zeros = Zeros::multiplied);
void tally_zeros_of_grad_y(Tally* tally, const Conv2dShape& s, const Tensor& grad_y,
                           Zeros zeros = Zeros::multiplied);
void tally_zeros_of_grad_input(Tally* tally, const Conv2dShape& s, const ops::Conv2dGradInput& op);

/// The number of pieces for each of `sums` sums over very many `terms`; the pieces are then added
/// in order: the same bits on every device.  Enough threads for any device if each makes one piece.
constexpr std::int64_t pieces_of(std::int64_t terms, std::int64_t sums) {
  constexpr std::int64_t kMostPieces = 256, kEnough = 1 << 17;
  return std::min(terms, std::clamp<std::int64_t>(kEnough / sums, 1, kMostPieces));
}

/// The first term of piece `piece` if `terms` are cut into `piece_count` pieces; for piece_count,
/// the end.
template <class Integer>
__host__ __device__ Integer piece_begin(Integer terms, Integer piece_count, Integer piece) {
  const Integer each = terms / piece_count, more = terms % piece_count;
  return piece * each + (piece < more ? piece : more);
}

/// The output along one axis that reads input i by tap r: q where q * stride - pad + r * dilation
/// == i, or -1.
__device__ inline std::int64_t output_reading(std::int64_t i, std::int64_t r, std::int64_t stride,
                                              std::int64_t pad, std::int64_t dilation,
                                              std::int64_t out) {
  const std::int64_t at = i + pad - r * dilation;
  return at >= 0 && at % stride == 0 && at / stride < out ? at / stride : -1;
}

/// out[i] = sum of pieces[k * count + i] over k, in the order of k; 0 without pieces.
void add_pieces(const float* pieces, std::int64_t piece_count, std::int64_t count, float* out);

/// grad_bias[c] = sum over the pixels of grad_y, by pieces; nothing if grad_bias is undefined.
void grad_bias(const Tensor& grad_y, const Tensor& grad_bias);

/// Applies the bias and the ReLU of op in place to what a kernel without them left in y, in a pass
/// of its own.  Does nothing if op has neither.
void bias_and_relu_in_place(const ops::Conv2d& op);

}  // namespace joule::cuda
