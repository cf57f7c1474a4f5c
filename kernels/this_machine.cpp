// SPDX-License-Identifier: MIT
#include "joule/kernels/this_machine.h"

#include <hwy/targets.h>

#include <fstream>

#if JOULE_WITH_ONEDNN
#include <dnnl.h>
#endif

#include "joule/core/version.h"

namespace joule {
namespace {

/// "AMD EPYC 9B45"; an ARM's implementer and part.
std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  std::string model;
  for (std::string line; std::getline(file, line) && !line.empty();) {  // the first processor
    const std::size_t colon = line.find(':');
    const std::string what = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const bool telling = what == "model name" || what == "CPU implementer" || what == "CPU part";
    if (telling && colon != std::string::npos && colon + 2 < line.size()) {
      if (!model.empty()) model += ' ';
      model += line.substr(colon + 2);
    }
  }
  return model.empty() ? "unknown" : model;
}

std::string simd_target() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);  // the lowest bit is the best
}

std::string onednn_version() {
#if JOULE_WITH_ONEDNN
  const dnnl_version_t* const version = dnnl_version();
  return str(version->major, '.', version->minor, '.', version->patch);
#else
  return {};
#endif
}

}  // namespace

TuningMachine this_machine() {
  return {.cpu = cpu_model(),
          .simd = simd_target(),
          .joule = std::string(version()),
          .onednn = onednn_version()};
}

}  // namespace joule
