// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/power_track.h"

#include <ctime>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

constexpr double kPeriodsOfAPoint = 5;

std::int64_t cpu_time_of_this_thread() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1'000'000'000 * static_cast<std::int64_t>(time.tv_sec) + time.tv_nsec;
}

}  // namespace

PowerTrack::PowerTrack(Meter& meter) : meter_(meter), begin_ns_(meter.clock().now_ns()) {
  require(meter.info().update_period.has_value(), "power track: the meter ", meter.info().name,
          " does not know its update period");
  see(meter.read(Purpose::background));
  sampler_ = std::make_unique<Sampler>(meter, kPeriodsOfAPoint * *meter.info().update_period,
                                       [this](const Reading& reading) {
                                         see(reading);
                                         cpu_ns_ = cpu_time_of_this_thread();
                                       });
}

void PowerTrack::stop() {
  sampler_.reset();
  see(meter_.read(Purpose::background));
  end_ns_ = meter_.clock().now_ns();
}

void PowerTrack::see(const Reading& reading) {
  const std::lock_guard lock(mutex_);
  if (reading.status != Status::ok) return;
  seen_.push_back({reading.monotonic_ns, reading.ticks, reading.resets});
}

std::vector<PowerPoint> PowerTrack::points() const {
  const std::lock_guard lock(mutex_);
  const Seconds shortest = kPeriodsOfAPoint * *meter_.info().update_period;
  std::vector<PowerPoint> points;
  const Seen* from = nullptr;
  for (const Seen& now : seen_) {
    if (!from || now.resets != from->resets) {
      from = &now;
      continue;
    }
    const Seconds time = nanoseconds(now.ns - from->ns);
    if (time < shortest) continue;
    const Joules energy = static_cast<double>(now.ticks - from->ticks) * meter_.info().unit;
    points.push_back({from->ns, energy / time});
    from = &now;
  }
  if (!points.empty()) points.push_back({from->ns, Watts(0)});
  return points;
}

double PowerTrack::share_of_a_core() const {
  const std::int64_t time = end_ns_ - begin_ns_;
  return time > 0 ? static_cast<double>(cpu_ns_) / static_cast<double>(time) : 0;
}

}  // namespace joule::energy
