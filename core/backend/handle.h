// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace joule {

/// Owns a plain value of a C interface (a pointer, or an index whose zero means "none").  Calls
/// `destroy`, which must not throw, exactly once.
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
  /// For a C function that stores a new value here; destroys the old value first.
  T* receive() {
    *this = Handle();
    return &value_;
  }

 private:
  T value_{};
};

}  // namespace joule
