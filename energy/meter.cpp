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
/// A driver that is busy answers again soon.
constexpr std::int64_t kAskingNs = 400'000'000, kFirstPauseNs = 1'000'000,
                       kLongestPauseNs = 50'000'000;
/// A counter that moves now and then may show at once what it counted before.
constexpr Seconds kUnknownPeriod(0.25);
constexpr std::int64_t kSuspendNs = 100'000'000;
/// Over fewer update periods a counter's difference says little of the power.
constexpr double kPeriodsOfPower = 8;

}  // namespace

Meter::Meter(MeterInfo info, Clock& clock) : info_(std::move(info)), clock_(clock) {}

void Meter::observe(std::function<void(const Reading&, Purpose)> observer) {
  const std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
}

std::shared_ptr<Sampler> Meter::keep_sampled() {
  if (!available() || !info_.sample_period || clock_.simulated()) return nullptr;
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

Reading Meter::read(Purpose purpose, std::optional<std::int64_t> moved_after_ns) {
  const std::lock_guard lock(mutex_);
  Reading reading{.unit = info_.unit};
  if (!available()) {
    reading.status = info_.status;
    reading.reason = info_.reason;
    reading.monotonic_ns = reading.since_ns = clock_.now_ns();
  } else if (dead_) {
    reading = *last_;
    reading.monotonic_ns = clock_.now_ns();
  } else {
    take(ask(purpose), reading);
    if (reading.status == Status::ok) {
      if (moved_after_ns) reading.late_ns = reading.monotonic_ns - *moved_after_ns;
      if (purpose != Purpose::background) note_power(reading);
      good_ = reading;
    }
    last_ = reading;
  }
  if (observer_) observer_(reading, purpose);
  return reading;
}

Meter::Asked Meter::ask(Purpose purpose) {
  std::int64_t waited = 0, pause = kFirstPauseNs;
  for (;;) {
    Asked asked;
    asked.before_ns = clock_.now_ns();
    asked.sample = sample(purpose);
    asked.after_ns = clock_.now_ns();
    const bool again = !asked.sample.failure.empty() && asked.sample.retry == Retry::soon;
    if (!again || purpose == Purpose::background || !patient_) return asked;
    if (waited >= kAskingNs) {
      patient_ = false;
      return asked;
    }
    clock_.sleep_ns(pause);
    waited += pause;
    pause = std::min(2 * pause, kLongestPauseNs);
  }
}

/// Why the sample does not continue the last good one; empty if it does.
std::string Meter::lost_place(const Sample& sample, std::int64_t after_ns) {
  const std::int64_t now = clock_.suspended_ns();
  const std::int64_t suspended = now - std::exchange(suspended_ns_, now);
  if (!sample.reset.empty() || !good_) return sample.reset;
  if (suspended >= kSuspendNs) {
    return str("the machine was suspended for ", nanoseconds(suspended),
               ", in which counters stop or start anew");
  }
  if (sample.ticks < good_->ticks) {
    return str("the counter went backwards, from ", good_->ticks, " to ", sample.ticks,
               " ticks of ", info_.unit, " (a reset)");
  }
  if (!info_.most) return {};
  const Seconds elapsed = nanoseconds(after_ns - good_before_ns_);
  const Joules counted = static_cast<double>(sample.ticks - good_->ticks) * info_.unit;
  const Seconds lump = 2 * info_.update_period.value_or(kUnknownPeriod);
  if (counted <= *info_.most * (elapsed + lump) + info_.unit) return {};
  return str("the counter jumped by ", counted, " in ", elapsed, ": more than the ", *info_.most,
             " that can be drawn");
}

/// Remembers the largest mean power since the last reading of a window that was long enough ago.
void Meter::note_power(Reading& reading) {
  if (!mark_ || mark_->resets != reading.resets) {
    mark_ = reading;
    return;
  }
  const Seconds elapsed = nanoseconds(reading.monotonic_ns - mark_->monotonic_ns);
  if (!info_.update_period || elapsed < kPeriodsOfPower * *info_.update_period) return;
  if (elapsed <= Seconds(0)) return;
  // What a counter has counted may have been drawn in a period less.
  const Seconds late = info_.integrates_power ? Seconds(0) : *info_.update_period;
  const Joules counted = static_cast<double>(reading.ticks - mark_->ticks) * info_.unit;
  reading.most_seen = std::max(reading.most_seen, counted / (elapsed - late));
  mark_ = reading;
}

void Meter::take(Asked asked, Reading& reading) {
  Sample& sample = asked.sample;
  // The counter was read at some time in between: the middle is off by at most half of it.
  reading.monotonic_ns =
      sample.monotonic_ns.value_or(asked.before_ns + (asked.after_ns - asked.before_ns) / 2);
  if (good_) {
    reading.resets = good_->resets;
    reading.doubt = good_->doubt;
    reading.most_seen = good_->most_seen;
    reading.reason = good_->reason;
    reading.since_ns = good_->since_ns;
  }
  if (!sample.failure.empty()) {
    const bool before = last_ && last_->status != Status::ok;
    reading.status = Status::failed;
    reading.reason = std::move(sample.failure);
    reading.since_ns = before ? last_->since_ns : reading.monotonic_ns;
    dead_ = sample.retry == Retry::never;
    return;
  }
  std::string reset = lost_place(sample, asked.after_ns);
  if (!reset.empty()) {
    ++reading.resets;
    reading.reason = std::move(reset);
    reading.since_ns = reading.monotonic_ns;
  }
  reading.ticks = sample.ticks;
  reading.doubt += sample.doubt;
  reading.integral = sample.integral;
  reading.shown = sample.shown.value_or(sample.ticks);
  reading.late_ns = sample.late_ns;
  good_before_ns_ = asked.before_ns;
  patient_ = true;
}

}  // namespace joule::energy
