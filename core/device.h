// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string_view>

#include "joule/core/error.h"

namespace joule {

/// Where a tensor's memory lies, and so where operations on it run.
enum class Device { cpu, cuda };

/// f32: nets compute in it.  i32: labels.  f64: gradient checks; only the reference implementations
/// support it.
enum class DType { f32, i32, f64 };

constexpr std::string_view name(Device device) { return device == Device::cpu ? "cpu" : "cuda"; }
constexpr std::string_view name(DType dtype) {
  return dtype == DType::f32 ? "f32" : dtype == DType::i32 ? "i32" : "f64";
}
constexpr std::size_t size_of(DType dtype) { return dtype == DType::f64 ? 8 : 4; }

inline std::ostream& operator<<(std::ostream& out, Device device) { return out << name(device); }
inline std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name(dtype); }

template <class T>
inline constexpr DType kDTypeOf = DType::f32;
template <>
inline constexpr DType kDTypeOf<std::int32_t> = DType::i32;
template <>
inline constexpr DType kDTypeOf<double> = DType::f64;

/// Calls `body(T{})` with T = float or double, so that one reference implementation serves both.
///
/// Errors    ArgumentError if `dtype` is not a floating-point type.
template <class Body>
decltype(auto) visit_float(DType dtype, Body&& body) {
  require(dtype != DType::i32, "expected a tensor of f32 or f64, got i32");
  if (dtype == DType::f64) return body(double{});
  return body(float{});
}

}  // namespace joule
