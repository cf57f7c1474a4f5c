// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

enum class BinaryFunction { add, sub, mul, div };

constexpr std::string_view name(BinaryFunction function) {
  constexpr std::string_view kNames[] = {"add", "sub", "mul", "div"};
  return kNames[static_cast<int>(function)];
}

/// The shape of two operands after broadcasting: aligned at their last dimensions, each pair of
/// extents must be equal, or one is 1 (or missing) and that operand is repeated along it:
///   [N,H,W,C] with [C], with [N,1,1,C], with [1,H,W,C], or with a scalar makes [N,H,W,C].
///
/// Errors    ArgumentError that names the op, both shapes, and the dimension.
Shape broadcast_shape(std::string_view op, const Shape& a, const Shape& b);

/// y = a + b, a - b, a * b or a / b, elementwise: the operations Add, Sub, Mul and Div.
///
/// Shapes    a, b: any that broadcast_shape() accepts; y: the shape that it returns; f32.  y may be
///           an operand of its shape.
/// Cost      no MACs; reads a and b, each once, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices do not fit.
/// Numerics  one rounding.  x / 0 is infinite, 0 / 0 NaN.
template <BinaryFunction kFunction>
struct Binary {
  static constexpr std::string_view kName = name(kFunction);

  Tensor a, b;
  Tensor y;

  Device device() const { return a.device(); }
  DType dtype() const { return a.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Binary>> implementations();
};

namespace ops {
using Add = Binary<BinaryFunction::add>;
using Sub = Binary<BinaryFunction::sub>;
using Mul = Binary<BinaryFunction::mul>;
using Div = Binary<BinaryFunction::div>;
}  // namespace ops

/// The differentiable functions.  `a` may be overwritten by the result if it is moved in.
///
/// Cost      of the gradients: add and sub need nothing for an operand of y's shape (sub: one Scale
///           for b); mul needs a Mul for each operand with a gradient; div needs a Div for a, and a
///           Mul and a Div for b (and a Scale if b has y's shape).  An operand that was repeated
///           also needs the Sums over the dimensions of repetition (sum_to()).
/// Numerics  the sums do not depend on the number of threads.
Tensor add(Tensor a, const Tensor& b);
Tensor sub(Tensor a, const Tensor& b);
Tensor mul(Tensor a, const Tensor& b);
Tensor div(Tensor a, const Tensor& b);
inline Tensor operator+(Tensor a, const Tensor& b) { return add(std::move(a), b); }
inline Tensor operator-(Tensor a, const Tensor& b) { return sub(std::move(a), b); }
inline Tensor operator*(Tensor a, const Tensor& b) { return mul(std::move(a), b); }
inline Tensor operator/(Tensor a, const Tensor& b) { return div(std::move(a), b); }

/// A number as a tensor of the dtype of `like`, on its device, which broadcasts to any shape.  With
/// it x * 2, 1 - x and -x are the functions above, with their errors.
///
/// Errors    ArgumentError if `like` is undefined.
Tensor scalar_like(const Tensor& like, double value);
inline Tensor operator+(const Tensor& a, double b) { return add(a, scalar_like(a, b)); }
inline Tensor operator-(const Tensor& a, double b) { return sub(a, scalar_like(a, b)); }
inline Tensor operator*(const Tensor& a, double b) { return mul(a, scalar_like(a, b)); }
inline Tensor operator/(const Tensor& a, double b) { return div(a, scalar_like(a, b)); }
inline Tensor operator+(double a, const Tensor& b) { return add(b, scalar_like(b, a)); }
inline Tensor operator-(double a, const Tensor& b) { return sub(scalar_like(b, a), b); }
inline Tensor operator*(double a, const Tensor& b) { return mul(b, scalar_like(b, a)); }
inline Tensor operator/(double a, const Tensor& b) { return div(scalar_like(b, a), b); }
inline Tensor operator-(const Tensor& a) { return -1 * a; }

}  // namespace joule
