// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "joule/core/device.h"
#include "joule/energy/open_meters.h"

// The one place that decides which meters make up a run's energy.
namespace joule::energy {

/// What a run computes on.  The host's processors take part in every run.
struct RunsOn {
  Device device = Device::cpu;
  std::string gpu{};  // PCI bus id of the card, if it is one
};

/// What the meters of a sum count already: nothing may be counted twice.
class Taken {
 public:
  /// Why this one would count it again; empty if it would not.
  std::string again(const MeterInfo& meter) const;
  void add(const MeterInfo& meter);

 private:
  std::string machine_, module_, processors_;  // the name of the meter that counts it
  std::set<std::string> cards_;
  std::set<std::pair<std::string, std::string>> sources_;  // name and scope
};

/// Of each meter, why it is not in the sum that is the run's energy; empty if it is.  A run is
/// charged what the devices that it computes on draw:
///
///   on the CPU   the processors' meter
///   on a GPU     the card's meter, and the processors'; nothing if the card's cannot be read, as
///                the host's share alone is not the energy of the run.  A meter of a module is of
///                both.
///   either       a meter of the whole machine, and then no other: it counts their energy, too
///
/// A card is known by its PCI bus id; a replayed meter stands for the card that the run computes
/// on.  A meter of which it is not known what it counts is never in the sum.  Of several sources of
/// the same thing (perf and rapl) the first that can be read is.
std::vector<std::string> beside_the_sum(std::span<const MeterInfo> meters, const RunsOn& where);

/// The meters of a run: first those whose sum is its energy, at least one, then those beside it.
struct RunMeters {
  Meters meters;
  std::vector<std::string> beside;  // as beside_the_sum()
};

/// The rule above.  What the run computes on and nobody can measure is a meter, too, that says why:
/// in the sum, which is then unavailable; beside it for the processors of a run on a GPU, whose
/// energy the sum then lacks.  `unread` are sources that were looked for and cannot be read.
RunMeters charge(Meters meters, const RunsOn& where, std::span<const MeterInfo> unread = {},
                 const Machine& machine = {});

/// The meters of open_meters(), charged; machine.gpu is that of `where`.  `auto` says of what the
/// run computes on why it cannot be read.
///
/// Cost      as open_meters().
/// Errors    as open_meters().
RunMeters open_run_meters(const std::string& selection, const RunsOn& where, Machine machine = {});

}  // namespace joule::energy
