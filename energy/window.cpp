// SPDX-License-Identifier: MIT
#include "joule/energy/window.h"

#include <cstdlib>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/energy/models/calibration.h"

namespace joule::energy {

std::string Interval::problem() const {
  const Reading& bad = begin.status != Status::ok ? begin : end;
  if (bad.status == Status::ok && begin.resets == end.resets) return {};
  if (bad.status != Status::ok && bad.status != Status::failed) return bad.reason;
  const std::int64_t ns = bad.since_ns - begin.monotonic_ns;
  const Seconds apart(1e-9 * static_cast<double>(std::abs(ns)));
  return str(bad.reason, ", ", apart, ns < 0 ? " before" : " after", " the window began");
}

std::int64_t Interval::ticks() const {
  const std::string why = problem();
  require(why.empty(), "the interval has no energy: ", why);
  return end.ticks - begin.ticks;
}

Seconds Interval::duration() const {
  return Seconds(1e-9 * static_cast<double>(end.monotonic_ns - begin.monotonic_ns));
}

Window::Window(Meter& meter, Edges edges)
    : meter_(meter), edges_(edges), sampler_(meter.keep_sampled()), begin_(edge()), last_(begin_) {}

Reading Window::edge() {
  synchronize_all();  // what was asked for within the window is done within it
  return edges_ == Edges::aligned ? next_tick(meter_) : meter_.read();
}

Interval Window::lap() {
  require(!closed_, "window: it is closed");
  const Reading before = last_;
  last_ = edge();
  return {before, last_};
}

Interval Window::close() {
  lap();
  closed_ = true;
  sampler_.reset();
  return so_far();
}

}  // namespace joule::energy
