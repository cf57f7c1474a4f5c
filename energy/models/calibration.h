// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>

#include "joule/energy/meter.h"

namespace joule::energy {

/// Measures how often the counter of each meter moves (the median over five intervals) and tells
/// the meter.  One whose counter stands still for two seconds is given up: some virtual machines
/// show a counter that never moves.  One that has moved, but seldom, is watched for ten; it gets
/// the longest time between two moves.  Sampled power may stand still: it is then taken to be
/// renewed every 100 ms, and a remark says so.  Meters that know their period and those that cannot
/// be read are left alone.
///
/// Cost      about six update periods, for all of them at once: .6 s for the slowest GPUs, 10 s at
///           most.
void calibrate(std::span<const std::unique_ptr<Meter>> meters);

/// Waits until the counter moves and returns the first reading after that, `aligned`.  Between two
/// such readings lie whole update periods.  If the counter stands still for ten periods (two
/// seconds if its period is not known) or dies, the last reading, not aligned.
Reading next_tick(Meter& meter);

}  // namespace joule::energy
