// SPDX-License-Identifier: MIT
#include "joule/energy/domain.h"

namespace joule::energy {

std::string_view name(Domain domain) {
  switch (domain) {
    case Domain::processors:
      return "processors";
    case Domain::gpu:
      return "gpu";
    case Domain::module:
      return "module";
    case Domain::machine:
      return "machine";
    case Domain::unknown:
      break;
  }
  return "unknown";
}

Domain domain_of(std::string_view meter) {
  while (is_replay(meter)) meter.remove_prefix(kReplayOf.size());
  if (meter == "perf" || meter == "rapl") return Domain::processors;
  if (meter == "nvml" || meter == "rocm_smi") return Domain::gpu;
  if (meter == "none" || meter == "auto" || meter == "battery") return Domain::machine;
  return Domain::unknown;
}

}  // namespace joule::energy
