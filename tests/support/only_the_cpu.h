// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace joule::test {

/// Whether for_each_implementation() includes the rows of other devices than the CPU.
inline bool other_devices = true;

/// While it lives, it does not.
class OnlyTheCpu {
 public:
  OnlyTheCpu() : outer_(std::exchange(other_devices, false)) {}
  ~OnlyTheCpu() { other_devices = outer_; }
  OnlyTheCpu(const OnlyTheCpu&) = delete;
  OnlyTheCpu& operator=(const OnlyTheCpu&) = delete;

 private:
  bool outer_;
};

}  // namespace joule::test
