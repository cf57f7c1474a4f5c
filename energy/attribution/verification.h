// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "joule/energy/attribution/attribution.h"
#include "joule/energy/figure.h"
#include "joule/energy/ledger.h"
#include "joule/energy/meter.h"
#include "joule/energy/models/trials.h"
#include "joule/energy/window.h"

// Attributed energies beside measured ones: each operation in a loop by itself.
namespace joule::energy {

/// An operation, or several that nothing can run apart, in a loop of its own.
struct Looped {
  std::vector<Ledger::Line> lines;    // what one call ran
  std::vector<Interval> pauses;       // before the loops: nothing ran
  bool rested = true;                 // the last pause drew no more than the level asked for
  std::vector<Trials::Trial> trials;  // the loops
};

/// What one call of it costs above idle, told two ways.
struct Verified {
  std::vector<std::size_t> lines;      // of the profile
  std::int64_t calls = 0;              // in each loop
  Figure<Joules> attributed;           // its lines' shares in the profile, over the calls there
  Figure<Joules> looped;               // as cost_of_call() of its loops
  std::optional<double> error{};       // attributed / looped - 1
  std::optional<double> half_width{};  // of the error's interval, as both intervals allow
  Watts paused_at{};                   // what the last pause drew
  bool rested = true;
};

struct Verification {
  Figure<Watts> idle_power;
  Watts level;  // each operation was looped after a pause that drew no more
  std::vector<Verified> operations;
};

/// Errors    none because of the meter: what is not known is unavailable, with its reason.
Verification verify(const MeterInfo& meter, const Attribution& attribution,
                    std::span<const Ledger::Line> lines, std::span<const Looped> looped,
                    const IdlePower& idle_power, Watts level);

/// Whether the two intervals overlap.
///
/// Errors    ArgumentError unless there are two.
bool agree(const Verified& operation);

/// In how many of the operations they do, and in how many there are two.
struct Agreement {
  std::size_t agree = 0, known = 0;
};
Agreement agreement(const Verification& verification);

}  // namespace joule::energy
