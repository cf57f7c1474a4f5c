// SPDX-License-Identifier: MIT
#include "joule/energy/clock.h"

#include <chrono>
#include <thread>

namespace joule::energy {
namespace {

class MonotonicClock final : public Clock {
 public:
  std::int64_t now_ns() override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  }
  void sleep_ns(std::int64_t ns) override {
    std::this_thread::sleep_for(std::chrono::nanoseconds(ns));
  }
};

}  // namespace

Clock& monotonic_clock() {
  static MonotonicClock clock;
  return clock;
}

}  // namespace joule::energy
