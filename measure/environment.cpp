// SPDX-License-Identifier: MIT
#include "joule/measure/environment.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <chrono>
#include <fstream>

#include "joule/core/error.h"
#include "joule/core/system/processors.h"
#include "joule/core/threads.h"
#include "joule/kernels/this_machine.h"
#include "joule/measure/commit.h"

namespace joule::measure {
namespace {

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
  const TuningMachine machine = this_machine();
  Environment e{
      .date = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                       std::chrono::system_clock::now()))),
      .cpu = machine.cpu,
      .simd = machine.simd,
      .processors = usable_processors(),
      .threads = num_threads(),
      .compiler = compiler(),
      .joule = machine.joule,
      .load = load(),
      .flags = JOULE_FLAGS,
      .commit = built_commit(),
      .machine = machine_state()};
  if (!machine.onednn.empty()) e.onednn = machine.onednn;
  e.warnings = disturbances(e);
  try {
    e.gpu = gpu();
  } catch (const DeviceError& error) {  // figures of the CPU stand without it
    e.warnings.push_back(fmt::format("the GPU did not tell its name: {}", error.what()));
  }
  return e;
}

std::vector<std::string> disturbances(const Environment& e) {
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
  return all;
}

std::string summary(const Environment& e) {
  return fmt::format("{}, {}, {} thread{} on {} processors; Joule {}, {}, {}", e.cpu, e.simd,
                     e.threads, e.threads == 1 ? "" : "s", e.processors, e.joule,
                     e.onednn ? "oneDNN " + *e.onednn : "no oneDNN", e.compiler);
}

std::vector<std::pair<std::string, std::string>> facts(const Environment& e) {
  std::vector<std::pair<std::string, std::string>> all{
      {"date", e.date.empty() ? "not told" : e.date},
      {"processor", e.cpu},
      {"instruction set", e.simd},
      {"threads", fmt::format("{} on {} processors", e.threads, e.processors)},
      {"load before", e.load ? fmt::format("{:.2f}", *e.load) : "not told"},
      {"joule", e.joule},
      {"oneDNN", e.onednn.value_or("not in this build")},
      {"compiler", e.compiler}};
  if (e.gpu) {
    const std::string& driver = e.machine.gpu_driver;
    all.emplace_back("gpu", fmt::format("{}, driver {}, CUDA {}", e.gpu->name,
                                        driver.empty() ? "not told" : driver, e.gpu->cuda));
  }
  std::string warnings;
  for (const std::string& warning : e.warnings)
    warnings += (warnings.empty() ? "" : "; ") + warning;
  if (!warnings.empty()) all.emplace_back("warning", warnings);
  return all;
}

}  // namespace joule::measure
