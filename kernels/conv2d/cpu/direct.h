// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "joule/core/backend/memory.h"
#include "joule/kernels/conv2d/shape.h"

// Joule's own dense convolutions for the CPU, on raw pointers: written once, compiled for AVX-512,
// AVX2 and the baseline, chosen at run time.  They need no library.
namespace joule::cpu {

/// A block of elements from the pool.
template <class T>
class PoolArray {
 public:
  explicit PoolArray(std::int64_t count)
      : storage_(static_cast<std::size_t>(count) * sizeof(T), Device::cpu) {}
  T* values() const { return reinterpret_cast<T*>(storage_.data()); }

 private:
  Storage storage_;
};
using Floats = PoolArray<float>;

/// Weights in the order in which the direct kernel reads them: per pass, group and block of output
/// channels [tap_h, tap_w, in channel, out channel of the block]; blocks are padded with zeros to
/// whole vectors, so the order depends on the instruction set.
std::shared_ptr<const Floats> pack_forward(const Conv2dShape& s, const float* w);
std::shared_ptr<const Floats> pack_grad_input(const Conv2dShape& s, const float* w);

/// Called when `pixels` consecutive pixels of y are complete, while they are still in cache.
/// Several threads call it, once per item 0 <= item < direct_items(shape); which pixels an item has
/// depends on the shape alone.
using PixelsDone = std::function<void(std::int64_t item, std::int64_t pixel, std::int64_t pixels)>;
/// Floats per vector of the instruction set in use.
std::int64_t direct_lanes();
std::int64_t direct_items(const Conv2dShape& s);

/// y = bias + x * w.  `w` comes from pack_forward; bias may be null, done empty.
void conv2d_direct(const Conv2dShape& s, const float* x, const Floats& w, const float* bias,
                   float* y, const PixelsDone& done);

/// `w` comes from pack_grad_input.
void conv2d_grad_input_direct(const Conv2dShape& s, const float* grad_y, const Floats& w,
                              float* grad_x);

/// grad_bias may be null.
void conv2d_grad_weight_direct(const Conv2dShape& s, const float* x, const float* grad_y,
                               float* grad_w, float* grad_bias);

}  // namespace joule::cpu
