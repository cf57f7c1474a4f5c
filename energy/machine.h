// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "joule/energy/clock.h"

namespace joule::energy {

/// The contents of a file, or why there are none.
struct FileText {
  std::string text;
  int error = 0;  // an errno
};
FileText read_whole_file(const std::string& path);

/// A counter of the kernel that has been opened, or why not.
struct KernelCounter {
  struct Value {
    std::uint64_t ticks = 0;
    int error = 0;  // an errno
  };
  std::function<Value()> read;
  int error = 0;  // an errno
};
/// perf_event_open(2) of an event that counts everything on a CPU, not one process.
KernelCounter open_perf_counter(std::uint32_t type, std::uint64_t config, int cpu);

/// Where the meters look for what they read; tests put something else in its place.
struct Machine {
  std::string sysfs = "/sys";
  std::string procfs = "/proc";
  std::string nvml = "libnvidia-ml.so.1";
  /// Of which the first that can be opened is.
  std::vector<std::string> rocm_smi = {"librocm_smi64.so.7", "librocm_smi64.so.6",
                                       "librocm_smi64.so.5", "librocm_smi64.so.1",
                                       "/opt/rocm/lib/librocm_smi64.so"};
  std::string gpu{};  // the one that auto and nvml mean, as open_nvml()'s device; empty: all
  std::function<FileText(const std::string&)> read_file = read_whole_file;
  std::function<KernelCounter(std::uint32_t, std::uint64_t, int)> open_counter = open_perf_counter;
  Clock* clock = &monotonic_clock();
};

}  // namespace joule::energy
