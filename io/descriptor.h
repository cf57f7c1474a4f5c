// SPDX-License-Identifier: MIT
#pragma once

namespace joule {

/// Owns a file descriptor of open() and closes it; a negative number owns nothing.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return value_; }
  /// Passes ownership to the caller.
  int release();

 private:
  int value_;
};

}  // namespace joule
