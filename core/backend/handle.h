// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace joule {

/// Owns what a C interface hands out as a plain value (a pointer or an index whose zero means
/// "none"): `destroy` is called once, and must not throw.
template <class T, auto destroy>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T value) : value_(value) {}
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Handle() {
    if (value_ != T{}) destroy(value_);
  }

  T get() const { return value_; }
  explicit operator bool() const { return value_ != T{}; }
  /// Where a C function stores a new value; what was held is destroyed first.
  T* receive() {
    *this = Handle();
    return &value_;
  }

 private:
  T value_{};
};

}  // namespace joule
