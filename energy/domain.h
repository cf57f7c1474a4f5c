// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace joule::energy {

/// Whose energy a meter counts.
enum class Domain {
  unknown,
  processors,  // of the host, with or without their memory
  gpu,         // one
  module,      // a GPU and the processors that share its module
  machine      // all of it: at the plug
};
std::string_view name(Domain domain);

/// How the name of a replay begins; that of the recorded meter follows.
inline constexpr std::string_view kReplayOf = "replay of ";

/// Is this meter a recording, which reads nothing of this machine?
inline bool is_replay(std::string_view meter) { return meter.starts_with(kReplayOf); }

/// What a meter of this name counts: perf and rapl the processors, nvml and rocm_smi a GPU, battery
/// the machine; `none`, and an `auto` that found nothing, stand for the machine.  A replay counts
/// what was recorded.  Unknown for any other name.
Domain domain_of(std::string_view meter);

}  // namespace joule::energy
