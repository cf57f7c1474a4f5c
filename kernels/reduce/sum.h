// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// y[p,q] = factor * sum_r x[p,r,q], r over the dimensions [first, last) of x, p over those before
/// them and q over those behind.  With the factor 1 / (number of r) it is the mean.
///
/// Shapes    x: any; y: x's extents, with those of [first, last) set to 1 or left out; f32.
/// Cost      no MACs; reads x, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices do not fit, or x does not have the
///           dimensions [first, last).
/// Numerics  summed in double in an order that depends on the shape alone: the same bits for any
///           number of threads.  The sum of no elements is 0, their mean NaN.
struct Sum {
  static constexpr std::string_view kName = "sum";

  Tensor x, y;
  int first = 0, last = 0;
  double factor = 1;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Sum>> implementations();
};

/// grad_x[p,r,q] = factor * grad_y[p,q]
///
/// Shapes    grad_y as Sum's y, grad_x as its x; f32.
/// Cost      no MACs; reads grad_y, writes grad_x.
/// Errors    as Sum.
/// Numerics  one rounding.
struct SumGrad {
  static constexpr std::string_view kName = "sum_grad";

  Tensor grad_y, grad_x;
  int first = 0, last = 0;
  double factor = 1;

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SumGrad>> implementations();
};

}  // namespace ops

/// The differentiable functions: the sum and the mean of all elements, a scalar; or over the
/// dimensions `dims` (-1 is the last), which the result then lacks, or has with extent 1 if
/// keep_dims:
///   mean(x, {1, 2}) of [N,H,W,C] is [N,C]; sum(x, {-1}, true) is [N,H,W,1].
///
/// Cost      one Sum per group of adjacent dimensions: two for {0, 2} of three or more.
/// Errors    ArgumentError if x has no such dimension, or one is named twice.
Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, const std::vector<int>& dims, bool keep_dims = false);
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const std::vector<int>& dims, bool keep_dims = false);

/// factor * x, summed over the dimensions along which a tensor of `shape` is repeated to get x's
/// shape (see broadcast_shape()): the gradient of broadcasting.  Returns x if the shape is x's and
/// the factor 1.  Differentiable.
Tensor sum_to(const Tensor& x, const Shape& shape, double factor = 1);

}  // namespace joule
