// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "joule/energy/quantity.h"

namespace joule::energy {

class Meter;

/// A thread that reads a meter every `period` while it lives, so that no wrap of the counter is
/// missed.  No signal is delivered to it.
///
/// Errors    ArgumentError if the period is not positive.
class Sampler {
 public:
  Sampler(Meter& meter, Seconds period);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

 private:
  void run(Seconds period);

  Meter& meter_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace joule::energy
