// SPDX-License-Identifier: MIT
#include "bench/environment.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <hwy/targets.h>
#include <sched.h>

#include <chrono>
#include <fstream>

#include "bench/peer.h"
#include "core/threads.h"
#include "core/version.h"

namespace joule::bench {
namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

int processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

std::optional<double> load() {
  double minute = 0;
  if (std::ifstream("/proc/loadavg") >> minute) return minute;
  return std::nullopt;
}

std::string compiler() {
#ifdef __clang__
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

}  // namespace

Environment environment() {
  const std::int64_t targets = hwy::SupportedTargets() & HWY_TARGETS;
  Environment e{
      .date = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                       std::chrono::system_clock::now()))),
      .cpu = cpu_name(),
      .simd = hwy::TargetName(targets & -targets),  // the lowest bit is the best
      .processors = processors(),
      .threads = num_threads(),
      .compiler = compiler(),
      .joule = std::string(version()),
      .onednn = onednn_version(),
      .load = load()};
  e.warnings = warnings(e);
  return e;
}

std::vector<std::string> warnings(const Environment& e) {
  std::vector<std::string> all;
  if (e.processors > 0 && e.threads > e.processors) {
    all.push_back(
        fmt::format("oversubscribed: {} threads share {} processors, so the figures are "
                    "those of the scheduler too",
                    e.threads, e.processors));
  }
  if (e.load && e.processors > 0 && *e.load + e.threads > e.processors + 0.5) {
    all.push_back(
        fmt::format("the machine was busy: a load of {:.2f} before the measurement, which "
                    "uses {} of {} processors",
                    *e.load, e.threads, e.processors));
  }
  if (!e.onednn) {
    all.push_back(
        "oneDNN: not in this build, so convolutions have no peer and no speed-up; install "
        "libdnnl-dev and configure again");
  }
  return all;
}

std::string summary(const Environment& e) {
  return fmt::format("{}, {}, {} thread{} on {} processors; Joule {}, {}, {}", e.cpu, e.simd,
                     e.threads, e.threads == 1 ? "" : "s", e.processors, e.joule,
                     e.onednn ? "oneDNN " + *e.onednn : "no oneDNN", e.compiler);
}

}  // namespace joule::bench
