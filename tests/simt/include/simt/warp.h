// SPDX-License-Identifier: MIT
#pragma once

#include <simt/synchronise.h>

#include <bit>
#include <concepts>
#include <cstdint>

namespace simt {

enum class Primitive : std::uint8_t {
  kSync,
  kShuffle,
  kShuffleUp,
  kShuffleDown,
  kShuffleXor,
  kBallot,
  kAny,
  kAll,
  kAdd,
  kMin,
  kMax,
  kAnd,
  kOr,
  kXor,
  // Of matrices:
  kMultiplyTf32,
  kMultiplyBf16,
  kLoadMatrices,
  kLoadTransposed,
};

/// What a lane brings to a warp primitive.
struct Lane {
  Primitive primitive;
  unsigned mask;
  std::uint64_t value = 0;  // integers of 32 bits are extended with their sign, or with zeros
  unsigned source = 0;      // of shuffles: the lane whose value it wants
  /// What the last lane of a warp that comes does for all, with the values of all.
  void (*together)(const std::uint64_t (&values)[32]) = nullptr;
};

/// Waits for the lanes of the mask, which must call the same primitive at the same place, and
/// returns the result: of shuffles the bits of the source lane's value (0xFF.. if the mask leaves
/// it out), of the others what they say of all values.
std::uint64_t meet(const Lane& lane, Where where);

/// The number of the running thread in its warp.
unsigned lane();

/// Ends the launch, which fails with this text, the place and the running thread.
[[noreturn]] void fault(const char* problem, Where where);

template <class T>
concept Shuffled = std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, float> ||
    std::same_as<T, double> || std::same_as<T, long> || std::same_as<T, unsigned long> ||
    std::same_as<T, long long> || std::same_as<T, unsigned long long>;
template <class T>
concept Reduced = std::same_as<T, int> || std::same_as<T, unsigned>;

template <Shuffled T>
T shuffle(Primitive primitive, unsigned mask, T value, unsigned source, Where where) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  const Lane lane{primitive, mask, std::bit_cast<Bits>(value), source};
  return std::bit_cast<T>(static_cast<Bits>(meet(lane, where)));
}

template <Reduced T>
T reduce(Primitive primitive, unsigned mask, T value, Where where) {
  const Lane lane{primitive, mask, static_cast<std::uint64_t>(std::int64_t{value})};
  return static_cast<T>(meet(lane, where));
}

}  // namespace simt

// Segments of `width` lanes (a power of two) shuffle among themselves; a lane whose source is
// beyond its segment keeps its own value.
template <simt::Shuffled T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              simt::Where where = simt::Where::current()) {
  const unsigned w = static_cast<unsigned>(width), first = simt::lane() & ~(w - 1);
  return simt::shuffle(simt::Primitive::kShuffle, mask, value,
                       first + (static_cast<unsigned>(source) & (w - 1)), where);
}
template <simt::Shuffled T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 simt::Where where = simt::Where::current()) {
  const unsigned lane = simt::lane(), in_segment = lane & (static_cast<unsigned>(width) - 1);
  return simt::shuffle(simt::Primitive::kShuffleUp, mask, value,
                       delta <= in_segment ? lane - delta : lane, where);
}
template <simt::Shuffled T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   simt::Where where = simt::Where::current()) {
  const unsigned w = static_cast<unsigned>(width), lane = simt::lane(), in_segment = lane & (w - 1);
  return simt::shuffle(simt::Primitive::kShuffleDown, mask, value,
                       delta < w - in_segment ? lane + delta : lane, where);
}
/// The lane of an earlier segment may be read, that of a later one not.
template <simt::Shuffled T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32,
                  simt::Where where = simt::Where::current()) {
  const unsigned lane = simt::lane(), last = lane | (static_cast<unsigned>(width) - 1);
  const unsigned source = lane ^ static_cast<unsigned>(lane_mask);
  return simt::shuffle(simt::Primitive::kShuffleXor, mask, value, source <= last ? source : lane,
                       where);
}

inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, simt::Where where = simt::Where::current()) {
  simt::meet({simt::Primitive::kSync, mask}, where);
}
inline unsigned __ballot_sync(unsigned mask, int predicate,
                              simt::Where where = simt::Where::current()) {
  return static_cast<unsigned>(simt::meet({simt::Primitive::kBallot, mask, predicate != 0}, where));
}
inline int __any_sync(unsigned mask, int predicate, simt::Where where = simt::Where::current()) {
  return simt::meet({simt::Primitive::kAny, mask, predicate != 0}, where) != 0;
}
inline int __all_sync(unsigned mask, int predicate, simt::Where where = simt::Where::current()) {
  return simt::meet({simt::Primitive::kAll, mask, predicate != 0}, where) != 0;
}
/// The lanes that have not exited: an upper bound of what a GPU may answer, which also leaves out
/// the lanes that took another branch.
unsigned __activemask();

#define SIMT_REDUCE(name, primitive)                                           \
  template <simt::Reduced T>                                                   \
  T name(unsigned mask, T value, simt::Where where = simt::Where::current()) { \
    return simt::reduce(simt::Primitive::primitive, mask, value, where);       \
  }
SIMT_REDUCE(__reduce_add_sync, kAdd)
SIMT_REDUCE(__reduce_min_sync, kMin)
SIMT_REDUCE(__reduce_max_sync, kMax)
#undef SIMT_REDUCE
inline unsigned __reduce_and_sync(unsigned mask, unsigned value,
                                  simt::Where where = simt::Where::current()) {
  return simt::reduce(simt::Primitive::kAnd, mask, value, where);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value,
                                 simt::Where where = simt::Where::current()) {
  return simt::reduce(simt::Primitive::kOr, mask, value, where);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned value,
                                  simt::Where where = simt::Where::current()) {
  return simt::reduce(simt::Primitive::kXor, mask, value, where);
}
