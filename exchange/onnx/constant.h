// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "joule/core/tensor.h"

namespace joule::exchange {

using Dims = std::vector<std::int64_t>;

/// Stands for the batch size among the integers from which shapes are computed.
inline constexpr std::int64_t kBatch = std::numeric_limits<std::int64_t>::min() + 1;
/// Limits on the elements of a constant, and on the values of an image whose order must be known.
inline constexpr std::int64_t kMostElements = std::int64_t{1} << 32, kMostOrdered = 1 << 24;

enum class ElementType { f32, f64, integer, boolean };

/// A tensor that is known before the net runs.
struct Constant {
  ElementType type = ElementType::f32;
  Dims dims{};
  std::vector<float> floats{};           // of f32; of f64, rounded
  std::vector<std::int64_t> integers{};  // of integer; of boolean, 0 and 1

  bool is_float() const { return type == ElementType::f32 || type == ElementType::f64; }
};
using ConstantPtr = std::shared_ptr<const Constant>;

/// The product of the dimensions.
/// Errors    ArgumentError if one is negative, or there are more than kMostElements.
std::int64_t elements(std::span<const std::int64_t> dims);
inline std::int64_t elements(const Constant& constant) { return elements(constant.dims); }

/// "[3,224,224]"; the batch as "N".
std::string dims_text(std::span<const std::int64_t> dims);

/// An axis counted from the front.
/// Errors    ArgumentError if there is none.
std::size_t axis_at(std::int64_t axis, std::size_t rank);

/// A list of whole numbers.
/// Errors    ArgumentError if it is not one.
const std::vector<std::int64_t>& integers_of(const Constant& constant, const char* what);
/// The only value of a constant of f32.
/// Errors    ArgumentError if it is not one.
float scalar_of(const Constant& constant, const char* what);
/// f32, at most 4 dimensions.
/// Errors    ArgumentError if it is anything else.
Tensor tensor_of(const Constant& constant, const char* what);

}  // namespace joule::exchange
