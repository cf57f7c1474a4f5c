// SPDX-License-Identifier: MIT
#pragma once

namespace joule {

/// Owns what open() returned, and closes it; a negative number owns nothing.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return value_; }
  /// From now on it is the caller's.
  int release();

 private:
  int value_;
};

}  // namespace joule
