// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "joule/energy/quantity.h"

namespace joule::energy {

class Meter;
struct Reading;

/// A thread that reads a meter every `period` while it lives, so that no wrap of the counter is
/// missed.  It tells `seen`, unless that is empty, what it read.  No signal is delivered to it.
///
/// Errors    ArgumentError if the period is not positive; as start_thread().
class Sampler {
 public:
  Sampler(Meter& meter, Seconds period, std::function<void(const Reading&)> seen = {});
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

 private:
  void run(Seconds period);

  Meter& meter_;
  std::function<void(const Reading&)> seen_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace joule::energy
