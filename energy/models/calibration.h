// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

/// Waits until the counter moves: it looks a hundred times a period, but no more often than it
/// takes a millisecond.
///
/// Returns   when it was last seen not to have moved, for Meter::read(); nothing if it stands still
///           for ten periods (two seconds if its period is not known), fails, or is a replay's,
///           whose readings say so themselves.
std::optional<std::int64_t> wait_for_tick(Meter& meter);

/// The first reading after the counter has moved: between two such readings lie whole update
/// periods, but for their late_ns.
Reading next_tick(Meter& meter);

}  // namespace joule::energy
