// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "joule/tests/support/op_test.h"

// What tests expect of the rows that round the operands of products, to TF32 or to bf16.
namespace joule::test {

/// The precision of the row of Op's table that is called `name`.
template <Operation Op>
Precision precision_of(const Op&, std::string_view name) {
  return std::ranges::find(Op::implementations(), name, &Implementation<Op>::name)->precision;
}

/// Libraries, which round to what they are allowed to, in a way of their own.
inline bool rounds_as_allowed(std::string_view row) { return row == "cudnn" || row == "cublas"; }

/// body(name, precision) for every row of another device than `op` that rounds the operands of
/// products, and what to.  (The CPU's round the weights alone.)
template <Operation Op, class Body>
void for_each_that_rounds(const Op& op, Body&& body) {
  for (const auto& impl : Op::implementations()) {
    for (const Precision precision : {Precision::tf32, Precision::bf16}) {
      if (impl.device == op.device()) continue;
      if (impl.precision != precision && !rounds_as_allowed(impl.name)) continue;
      if (!can_run(impl, op, precision)) continue;
      SCOPED_TRACE(name(precision));
      run_by(impl, op, [&] { body(impl.name, precision); });
    }
  }
}

/// t, rounded: to TF32, of two numbers as near to the greater one, and to bf16, to the even one.
inline Tensor rounded(const Tensor& t, Precision precision) {
  const int bits = precision == Precision::tf32 ? 10 : 7;  // of the mantissa
  const Tensor copy = t.clone();
  for (float& value : std::span(copy.mutable_data<float>(), copy.numel())) {
    int exponent = 0;
    std::frexp(value, &exponent);
    const double steps = std::ldexp(double{value}, bits + 1 - exponent);
    const double whole = precision == Precision::tf32 ? std::round(steps) : std::nearbyint(steps);
    value = static_cast<float>(std::ldexp(whole, exponent - bits - 1));
  }
  return copy;
}

/// How much of |a| |b| a row of that precision may be off the exact sum of n products of rounded()
/// operands.  A tensor core aligns the products and cuts the bits off that it has no place for,
/// which costs at most twice what rounding does (Fasi et al. 2021, doi:10.7717/peerj-cs.330).
/// Libraries may cut bits of the operands off, too: then these differ by up to a step.
inline double rounding_bound(std::string_view row, Precision precision, std::int64_t n) {
  const double step = precision == Precision::tf32 ? 0x1p-10 : 0x1p-7;
  return gamma(2 * n) + (rounds_as_allowed(row) ? 2.5 * step : 0);
}

}  // namespace joule::test
