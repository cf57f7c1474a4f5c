// SPDX-License-Identifier: MIT
#include "joule/energy/sampler.h"

#include <chrono>
#include <csignal>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meter.h"

namespace joule::energy {

Sampler::Sampler(Meter& meter, Seconds period, std::function<void(const Reading&)> seen)
    : meter_(meter), seen_(std::move(seen)) {
  require(period > Seconds(0), "sampler: expected a positive period, got ", period);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the thread inherits it
  thread_ = std::thread([this, period] { run(period); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Sampler::~Sampler() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

void Sampler::run(Seconds period) {
  const std::chrono::duration<double> wait(period.value());
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, wait, [this] { return stopped_; })) {
    const Reading reading = meter_.read(Purpose::background);
    if (seen_) seen_(reading);
  }
}

}  // namespace joule::energy
