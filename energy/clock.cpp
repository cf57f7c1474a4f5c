// SPDX-License-Identifier: MIT
#include "joule/energy/clock.h"

#include <chrono>
#include <ctime>
#include <thread>

namespace joule::energy {
namespace {

std::int64_t read_clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class MonotonicClock final : public Clock {
 public:
  std::int64_t now_ns() override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  }
  void sleep_ns(std::int64_t ns) override {
    std::this_thread::sleep_for(std::chrono::nanoseconds(ns));
  }
  std::int64_t suspended_ns() override {
    // The thread may be interrupted between two clocks: of several looks the one that took least.
    constexpr int kMostLooks = 8;
    constexpr std::int64_t kShort = 20'000;
    std::int64_t suspended = 0, shortest = INT64_MAX;
    for (int i = 0; i < kMostLooks && shortest > kShort; ++i) {
      const std::int64_t before = now_ns();
      const std::int64_t booted = read_clock_ns(CLOCK_BOOTTIME);
      const std::int64_t took = now_ns() - before;
      if (took >= shortest) continue;
      shortest = took;
      suspended = booted - before - took / 2;
    }
    return suspended;
  }
};

}  // namespace

Clock& monotonic_clock() {
  static MonotonicClock clock;
  return clock;
}

}  // namespace joule::energy
