// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "joule/energy/figure.h"
#include "joule/energy/ledger.h"

namespace joule::energy {

/// The lines as a JSON array: per line layer, phase, op, implementation, calls, macs, bytes_read,
/// bytes_written, macs_skippable, macs_skipped, values_in, values_in_nonzero, nanoseconds.
/// Bytes of a name that are not UTF-8 become U+FFFD.
std::string to_json(std::span<const Ledger::Line> lines);

/// A figure as a JSON object: value, unit, uncertainty, quality, source, reason.  What there is
/// not is null, never 0.  Defined for Joules, Watts and Seconds.
template <class Q>
std::string to_json(const Figure<Q>& figure);

}  // namespace joule::energy
