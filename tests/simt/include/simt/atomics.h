// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <concepts>
#include <type_traits>

// One thread runs at a time; it is for ThreadSanitizer that these are atomic.  Each returns the old
// value.  The types are CUDA's for compute capability 9.0; an int for an unsigned one is converted.
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

template <class T, class F>
T update(T* address, F next) {
  const std::atomic_ref word(*address);
  T old = word.load(std::memory_order_relaxed);
  while (!word.compare_exchange_weak(old, next(old), std::memory_order_relaxed)) continue;
  return old;
}

/// Integers wrap around.
template <class T>
T sum(T a, T b) {
  if constexpr (std::integral<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else {
    return a + b;
  }
}

}  // namespace simt

template <simt::Addend T>
T atomicAdd(T* address, simt::Operand<T> value) {
  return simt::update(address, [=](T old) { return simt::sum(old, value); });
}
template <class T>
requires(std::same_as<T, int> || std::same_as<T, unsigned>) T
    atomicSub(T* address, simt::Operand<T> value) {
  const T negative = static_cast<T>(0u - static_cast<unsigned>(value));
  return simt::update(address, [=](T old) { return simt::sum(old, negative); });
}
template <simt::Ordered T>
T atomicMin(T* address, simt::Operand<T> value) {
  return simt::update(address, [=](T old) { return value < old ? value : old; });
}
template <simt::Ordered T>
T atomicMax(T* address, simt::Operand<T> value) {
  return simt::update(address, [=](T old) { return value > old ? value : old; });
}
template <simt::Word T>
T atomicAnd(T* address, simt::Operand<T> value) {
  return simt::update(address, [=](T old) { return static_cast<T>(old & value); });
}
template <simt::Word T>
T atomicOr(T* address, simt::Operand<T> value) {
  return simt::update(address, [=](T old) { return static_cast<T>(old | value); });
}
template <simt::Word T>
T atomicXor(T* address, simt::Operand<T> value) {
  return simt::update(address, [=](T old) { return static_cast<T>(old ^ value); });
}
template <class T>
requires(simt::Word<T> || std::same_as<T, float>) T atomicExch(T* address, simt::Operand<T> value) {
  return simt::update(address, [=](T) { return value; });
}
template <class T>
requires(simt::Word<T> || std::same_as<T, unsigned short>) T
    atomicCAS(T* address, simt::Operand<T> expected, simt::Operand<T> desired) {
  return simt::update(address, [=](T old) { return old == expected ? desired : old; });
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
