// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "joule/core/error.h"
#include "joule/core/tensor.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/direct_plan.h"

// Packed weights stored as bf16, half the bytes of f32.  Computation with them is in
// f32.
namespace joule::cpu {

/// Two weights for the same input, of output channels one vector apart; the lower half of the word
/// is the weight of the first vector.
struct Bf16Pair {
  std::uint32_t bits;
};
using Bf16Pairs = PoolArray<Bf16Pair>;

/// Elements that the `width` weights of one input take, in whole vectors.  With pairs, the last of
/// an odd number of vectors is not paired.
template <class Weight>
constexpr std::int64_t packed_row(std::int64_t width, std::int64_t lanes) {
  return std::same_as<Weight, float> ? round_up(width, lanes) : ceil_div(width, 2 * lanes) * lanes;
}

/// The bits of the bf16 (a float with 8 bits of significand) nearest to `value`; ties go to the
/// even one.
///
/// Numerics  |bf16 - value| <= 2^-8 |value|; infinity from 2^128 (1 - 2^-9) on.  NaN stays NaN, a
///           denormal becomes zero.
constexpr std::uint32_t bf16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return bits >> 16 | 0x40;     // or truncation could clear its payload
  if (magnitude < 0x00800000) return bits >> 16 & 0x8000u;  // rounding must not make it normal
  return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

/// The weights of a forward pass, from pack_skip_zero_forward or pack_runs_forward, as bf16.
std::shared_ptr<const Bf16Pairs> round_to_bf16(const Conv2dShape& s, const Floats& packed);

/// The forward weights of a layer, packed by pack(shape, weights), as floats or as bf16.  Cached
/// with the tensor until it is written again, under `key` and the name of their type.
template <class Weight, class Pack>
std::shared_ptr<const PoolArray<Weight>> packed_forward_weights(const Tensor& weight,
                                                                const Conv2dShape& s,
                                                                std::string_view key, Pack&& pack) {
  constexpr bool kF32 = std::same_as<Weight, float>;
  const std::string full =
      std::string(key) + (kF32 ? " f32" : " bf16") + " lanes=" + std::to_string(direct_lanes());
  return weight.derived<PoolArray<Weight>>(full, [&] {
    auto packed = pack(s, weight.data<float>());
    if constexpr (kF32) {
      return packed;
    } else {
      return round_to_bf16(s, *packed);
    }
  });
}

}  // namespace joule::cpu
