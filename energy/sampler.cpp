// SPDX-License-Identifier: MIT
#include "joule/energy/sampler.h"

#include <chrono>
#include <csignal>
#include <utility>

#include "joule/core/error.h"
#include "joule/core/system/start_thread.h"
#include "joule/energy/meter.h"

namespace joule::energy {
namespace {

/// While it lives, no signal is delivered to this thread, nor to those that it starts.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

Sampler::Sampler(Meter& meter, Seconds period, std::function<void(const Reading&)> seen)
    : meter_(meter), seen_(std::move(seen)) {
  require(period > Seconds(0), "sampler: expected a positive period, got ", period);
  const NoSignals inherited;
  thread_ = start_thread<std::thread>("reads a meter", [this, period] { run(period); });
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
