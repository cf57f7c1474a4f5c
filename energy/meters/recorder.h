// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>

#include "joule/energy/meter.h"

namespace joule::energy {

/// Writes what a meter reads as a trace: JSON, one line about the meter, then one per reading.  The
/// format is in docs/energy.md.
///
/// While the recorder lives, every reading of the meter goes to `out`, background ones too.  `ran`
/// tells who replays it what was run meanwhile; empty: nothing that matters.
class Recorder {
 public:
  Recorder(Meter& meter, std::ostream& out, const std::string& ran = "");
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

 private:
  Meter& meter_;
};

/// The trace, which says how often each operation ran in a loop of its own: see MeterInfo::loops.
/// Without loops, the trace as it is.
std::string with_loops(const std::string& trace, std::span<const std::int64_t> calls);

}  // namespace joule::energy
