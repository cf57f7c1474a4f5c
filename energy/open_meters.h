// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

using Meters = std::vector<std::unique_ptr<Meter>>;

/// The meters of a selection, calibrated:
///
///   auto         every GPU that can be read (or the one of machine.gpu), and the processors by the
///                first of perf, rapl and hwmon that can be; if none can, the whole machine by
///                hwmon or battery.  A card that cannot be read is there, too, and says why
///   nvml         every GPU of NVIDIA, or nvml:0000:65:00.0, nvml:GPU-...: one, by PCI bus id or
///                UUID
///   rocm_smi     every GPU of AMD, or rocm_smi:0000:c1:00.0: one, by PCI bus id
///   perf, rapl   the processors
///   hwmon        every sensor of power or energy that the kernel shows
///   battery      the machine, by what its batteries give
///   stream:SPEC  any meter, by the lines that a program writes: parse_stream_spec()
///   replay:FILE  a recorded trace
///   none         nothing
///
/// Several are joined by "+": auto+stream:watts:/tmp/plug.
///
/// There is always at least one.  A source that was asked for and cannot be read is a meter that
/// says why; `auto` leaves such sources out, unless no source can be read: then it is one meter,
/// `auto`, that says why of each.
///
/// Cost      that of calibrate(): six update periods.
/// Errors    ArgumentError for any other text; DataError for a trace that cannot be read.
Meters open_meters(const std::string& selection, const Machine& machine = {});

/// The same, and the sources that were looked for and cannot be read.
struct Selected {
  Meters meters;
  std::vector<MeterInfo> unread;
};
Selected select_meters(const std::string& selection, const Machine& machine = {});

/// Every source of this machine, calibrated, whether it can be read or not.
Meters all_meters(const Machine& machine = {});

}  // namespace joule::energy
