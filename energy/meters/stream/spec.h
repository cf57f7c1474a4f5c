// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "joule/energy/domain.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

/// How a stream of power or energy is to be read, and from where.
struct StreamSpec {
  enum class From {
    path,     // a FIFO, a device, a file
    tcp,      // a port of this machine: 127.0.0.1
    command,  // what it writes to its standard output, as `sh -c` runs it
  };
  bool joules = false;                 // a counter; else watts
  bool mean = false;                   // each line's watts are the mean since the line before
  Domain domain = Domain::machine;     // whose energy
  std::optional<Watts> limit{};        // it cannot be more
  std::optional<double> band_hz{};     // the power changes no faster
  std::optional<Seconds> stall{};      // without a line for so long, it has stalled
  std::optional<double> systematic{};  // relative error of the instrument
  From from = From::path;
  std::string source{};  // the path, the port, the command
};

/// UNIT[,KEY=VALUE]...:SOURCE, such as
///
///   watts:/tmp/plug
///   joules,limit=300:tcp:9999
///   watts,limit=120,band=.5,domain=machine:exec:python3 plug.py
///
/// UNIT is watts, mean-watts or joules.  KEY is domain (processors, gpu, module, machine), limit
/// (W), band (Hz), stall (s) or accuracy (relative: .01).
///
/// Errors    ArgumentError: what was expected, and what was given.
StreamSpec parse_stream_spec(const std::string& text);

}  // namespace joule::energy
