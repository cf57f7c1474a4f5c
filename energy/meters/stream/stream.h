// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// Any meter whose readings a program writes as lines (StreamLines), from what `spec` says
/// (parse_stream_spec()): a plug, a power analyser, a rack's distribution unit.
///
/// Joules are a counter, in microjoules.  Watts are integrated by the trapezoid rule over the
/// stream's own times: mean watts miss nothing in between, others what a stated limit, or limit and
/// band, bound.  What is read is what has come: an edge of a window leaves open what
/// MeterInfo::edge_periods() says.
///
/// Opening waits up to ten seconds (three times a stated `stall`) for three lines that come over at
/// least one, and takes the longest time between two of them for the update period of watts.
///
/// Errors    ArgumentError for a bad `spec`.  None later: a stream that cannot be opened says why.
///           One that has stalled (no line for `stall`, by default 5 s or five lines) fails until
///           it goes on; energy is then complete, power has lost its place.  A line that is wrong,
///           an end, or times that do not run in seconds end it, from then on.
std::unique_ptr<Meter> open_stream(const Machine& machine, const std::string& spec);

}  // namespace joule::energy
