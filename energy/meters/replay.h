// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "joule/energy/meter.h"

namespace joule::energy {

/// A meter that answers with the readings of a trace, in order, at the times that the trace states:
/// the n-th read() gives the n-th reading that was not taken in the background.  After the last one
/// it fails.  Nothing is read from this machine, its clock included, so the same reads give the
/// same energies.  `path` is for the messages.
///
/// Errors    DataError: path, line, what is wrong.
std::unique_ptr<Meter> replay_meter(std::string_view trace, const std::string& path);

/// The trace in a file.
///
/// Errors    as above, and DataError if the file cannot be read.
std::unique_ptr<Meter> open_replay(const std::string& path);

}  // namespace joule::energy
