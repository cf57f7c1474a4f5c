// SPDX-License-Identifier: MIT
#include "joule/energy/meter.h"

#include <algorithm>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/sampler.h"

namespace joule::energy {
namespace {

/// A reading is a call of the driver: not more of them than one in ten milliseconds.
constexpr Seconds kLeastSamplePeriod(0.01);

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::absent:
      return "absent";
    case Status::denied:
      return "denied";
    case Status::failed:
      return "failed";
    case Status::off:
      break;
  }
  return "off";
}

Meter::Meter(MeterInfo info, Clock& clock) : info_(std::move(info)), clock_(clock) {}

void Meter::observe(std::function<void(const Reading&, Purpose)> observer) {
  const std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
}

std::shared_ptr<Sampler> Meter::keep_sampled() {
  if (!available() || !info_.sample_period) return nullptr;
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Sampler> sampler = sampler_.lock();
  if (!sampler) {
    sampler = std::make_shared<Sampler>(*this, *info_.sample_period);
    sampler_ = sampler;
  }
  return sampler;
}

void Meter::set_update_period(Seconds period, const std::string& remark) {
  info_.update_period = period;
  if (info_.integrates_power) info_.sample_period = std::max(period, kLeastSamplePeriod);
  if (!remark.empty()) info_.remarks.push_back(remark);
}

void Meter::give_up(Status status, std::string reason, std::string remedy) {
  info_.status = status;
  info_.reason = std::move(reason);
  info_.remedy = std::move(remedy);
}

Reading Meter::read(Purpose purpose) {
  const std::lock_guard lock(mutex_);
  Reading reading{.unit = info_.unit};
  if (!available()) {
    reading.status = info_.status;
    reading.reason = info_.reason;
    reading.monotonic_ns = reading.since_ns = clock_.now_ns();
  } else if (last_ && last_->status != Status::ok) {
    reading = *last_;
    reading.monotonic_ns = clock_.now_ns();
  } else {
    // The counter was read at some time in between: the middle is off by at most half of it.
    const std::int64_t before = clock_.now_ns();
    Sample sampled = sample(purpose);
    const std::int64_t after = clock_.now_ns();
    reading.monotonic_ns = sampled.monotonic_ns.value_or(before + (after - before) / 2);
    take(std::move(sampled), reading);
    last_ = reading;
  }
  if (observer_) observer_(reading, purpose);
  return reading;
}

void Meter::take(Sample sample, Reading& reading) {
  if (last_) {
    reading.resets = last_->resets;
    reading.reason = last_->reason;
    reading.since_ns = last_->since_ns;
  }
  std::string event = std::move(sample.failure);
  if (!event.empty()) {
    reading.status = Status::failed;
  } else {
    reading.ticks = sample.ticks;
    reading.integral = sample.integral;
    reading.shown = sample.shown.value_or(sample.ticks);
    event = std::move(sample.reset);
    if (event.empty() && last_ && sample.ticks < last_->ticks) {
      event = str("the counter went backwards, from ", last_->ticks, " to ", sample.ticks,
                  " ticks of ", info_.unit, " (a reset)");
    }
    if (!event.empty()) ++reading.resets;
  }
  if (event.empty()) return;
  reading.reason = std::move(event);
  reading.since_ns = reading.monotonic_ns;
}

}  // namespace joule::energy
