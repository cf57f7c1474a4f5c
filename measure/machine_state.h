// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace joule::measure {

/// What decides how fast the machine runs at this moment; what the system does not tell is empty.
struct MachineState {
  std::string governor{};           // of the first processor's frequency: "performance"
  std::optional<double> hertz{};    // its frequency now
  std::optional<double> celsius{};  // of the hottest thermal zone
  /// Of the first processor: {"L1 data", 32768}, in bytes.
  std::vector<std::pair<std::string, std::int64_t>> caches{};
  /// Bytes that this process's control groups (a container's limit) allow.
  std::optional<std::int64_t> memory_limit{};
  std::string gpu_driver{};  // NVIDIA's kernel module: "550.54.14"

  friend bool operator==(const MachineState&, const MachineState&) = default;
};

/// `root`    the folder that contains /proc and /sys.
/// Cost      reads some twenty small files.
/// Source    the kernel's Documentation/admin-guide/pm/cpufreq.rst,
///           driver-api/thermal/sysfs-api.rst, ABI/testing/sysfs-devices-system-cpu and
///           admin-guide/cgroup-v2.rst (memory.max); NVIDIA's driver, /proc/driver/nvidia/version.
MachineState machine_state(const std::string& root = "/");

}  // namespace joule::measure
