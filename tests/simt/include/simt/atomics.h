// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>

// One thread runs at a time, so that plain reads and writes are atomic.  Each returns the old
// value. The types are CUDA's for compute capability 9.0; an int for an unsigned one is converted.
namespace simt {

template <class T>
concept Word =
    std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, unsigned long long>;
template <class T>
concept Addend = Word<T> || std::same_as<T, float> || std::same_as<T, double>;
template <class T>
concept Ordered = Word<T> || std::same_as<T, long long>;
template <class T>
using Operand = std::type_identity_t<T>;

template <class T>
T exchange(T* address, T desired) {
  const T old = *address;
  *address = desired;
  return old;
}

}  // namespace simt

template <simt::Addend T>
T atomicAdd(T* address, simt::Operand<T> value) {
  if constexpr (std::integral<T>) {  // wraps around
    using U = std::make_unsigned_t<T>;
    return simt::exchange(address,
                          static_cast<T>(static_cast<U>(*address) + static_cast<U>(value)));
  } else {
    return simt::exchange(address, *address + value);
  }
}
template <class T>
requires(std::same_as<T, int> || std::same_as<T, unsigned>) T
    atomicSub(T* address, simt::Operand<T> value) {
  return simt::exchange(
      address, static_cast<T>(static_cast<unsigned>(*address) - static_cast<unsigned>(value)));
}
template <simt::Ordered T>
T atomicMin(T* address, simt::Operand<T> value) {
  return simt::exchange(address, value < *address ? value : *address);
}
template <simt::Ordered T>
T atomicMax(T* address, simt::Operand<T> value) {
  return simt::exchange(address, value > *address ? value : *address);
}
template <simt::Word T>
T atomicAnd(T* address, simt::Operand<T> value) {
  return simt::exchange(address, static_cast<T>(*address & value));
}
template <simt::Word T>
T atomicOr(T* address, simt::Operand<T> value) {
  return simt::exchange(address, static_cast<T>(*address | value));
}
template <simt::Word T>
T atomicXor(T* address, simt::Operand<T> value) {
  return simt::exchange(address, static_cast<T>(*address ^ value));
}
template <class T>
requires(simt::Word<T> || std::same_as<T, float>) T atomicExch(T* address, simt::Operand<T> value) {
  return simt::exchange(address, value);
}
template <class T>
requires(simt::Word<T> || std::same_as<T, unsigned short>) T
    atomicCAS(T* address, simt::Operand<T> expected, simt::Operand<T> desired) {
  return simt::exchange(address, *address == expected ? desired : *address);
}

// The threads of a block see each other's writes at once.
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}

/// Loads and stores with a hint for the caches, which has no meaning here.
template <class T>
T __ldg(const T* address) {
  return *address;
}
template <class T>
T __ldcs(const T* address) {
  return *address;
}
template <class T>
T __ldcg(const T* address) {
  return *address;
}
template <class T>
void __stcs(T* address, simt::Operand<T> value) {
  *address = value;
}
template <class T>
void __stcg(T* address, simt::Operand<T> value) {
  *address = value;
}
