// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "joule/energy/meter.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

/// From one reading of a meter to a later one of the same meter.  Intervals that share readings add
/// up exactly, as ticks are integers: (b - a) + (c - b) = c - a.
struct Interval {
  Reading begin, end;

  /// Why the energy in between is not known, and since when; empty if it is.
  std::string problem() const;
  /// What the counter has counted.
  ///
  /// Errors    ArgumentError with the problem, if there is one.
  std::int64_t ticks() const;
  Seconds duration() const;
};

enum class Edges {
  immediate,  // read when asked
  aligned     // wait for the counter to move, up to one period: little is left open then
};

/// One measurement, from construction to close().
///
///   Window window(meter);
///   for (...) {
///     step();
///     steps.push_back(window.lap());
///   }
///   const Interval whole = window.close();   // its ticks are the sum of the steps' ticks
///   const Measurement m = measure(meter.info(), whole, idle);
///
/// Windows of one meter may overlap and nest.  While one is open, a counter that wraps is read
/// often enough to notice.  Work on a GPU must have ended (synchronise) before an edge.
///
/// Threads   a window belongs to one thread; several may measure with the same meter.
/// Errors    ArgumentError for a lap or a second closing of a closed window.  A meter that fails is
///           no error here: the intervals have a problem().
class Window {
 public:
  explicit Window(Meter& meter, Edges edges = Edges::immediate);

  /// From the previous lap, or the beginning, to now.
  Interval lap();
  /// From the beginning to now; ends the window.
  Interval close();
  /// From the beginning to the last reading that was taken.
  Interval so_far() const { return {begin_, last_}; }

 private:
  Reading edge();

  Meter& meter_;
  Edges edges_;
  bool closed_ = false;
  std::shared_ptr<Sampler> sampler_;
  Reading begin_, last_;
};

}  // namespace joule::energy
