// SPDX-License-Identifier: MIT
#include "joule/measure/machine_state.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace joule::measure {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProcessor = "sys/devices/system/cpu/cpu0";

/// The first line of a file; empty if there is none.
std::string line_of(const fs::path& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

/// A whole number; nothing for "max", or anything else.
std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

/// "32K", "1024K", "32M".
std::optional<std::int64_t> cache_bytes(std::string text) {
  std::int64_t unit = 1;
  if (text.ends_with('K')) unit = 1 << 10;
  if (text.ends_with('M')) unit = 1 << 20;
  if (unit > 1) text.pop_back();
  const auto number = whole(text);
  if (!number || *number <= 0) return {};
  return *number * unit;
}

/// In the order of their names.
std::vector<fs::path> folders_in(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with(prefix)) found.push_back(entry->path());
  }
  std::ranges::sort(found);
  return found;
}

std::optional<double> frequency(const fs::path& root) {
  const auto kilohertz = whole(line_of(root / kProcessor / "cpufreq/scaling_cur_freq"));
  if (kilohertz && *kilohertz > 0) return 1e3 * static_cast<double>(*kilohertz);
  std::ifstream file(root / "proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("cpu MHz")) continue;
    std::istringstream value(line.substr(line.find(':') + 1));
    double megahertz = 0;
    if (value >> megahertz && megahertz > 0) return 1e6 * megahertz;
  }
  return {};
}

std::optional<double> temperature(const fs::path& root) {
  std::optional<double> hottest;
  for (const fs::path& zone : folders_in(root / "sys/class/thermal", "thermal_zone")) {
    const auto millis = whole(line_of(zone / "temp"));
    // Zones without a sensor tell 0, or far below.
    if (!millis || *millis <= 0) continue;
    hottest = std::max(hottest.value_or(0), 1e-3 * static_cast<double>(*millis));
  }
  return hottest;
}

std::vector<std::pair<std::string, std::int64_t>> caches(const fs::path& root) {
  std::vector<std::pair<std::string, std::int64_t>> all;
  for (const fs::path& index : folders_in(root / kProcessor / "cache", "index")) {
    const auto bytes = cache_bytes(line_of(index / "size"));
    std::string type = line_of(index / "type");
    std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::tolower(c); });
    if (bytes) all.emplace_back("L" + line_of(index / "level") + " " + type, *bytes);
  }
  return all;
}

/// The least of the limits of this process's group and of those around it.
std::optional<std::int64_t> memory_limit(const fs::path& root) {
  std::ifstream file(root / "proc/self/cgroup");
  std::string group;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) group = line.substr(4);
  }
  std::optional<std::int64_t> least;
  const fs::path top = root / "sys/fs/cgroup";
  fs::path folder = top / group;
  while (true) {
    const auto limit = whole(line_of(folder / "memory.max"));
    if (limit) least = std::min(least.value_or(*limit), *limit);
    if (group.empty()) return least;
    const std::size_t slash = group.rfind('/');
    group = slash == std::string::npos ? "" : group.substr(0, slash);
    folder = group.empty() ? top : top / group;
  }
}

/// The first word that is a version in "NVRM version: ... Kernel Module  550.54.14  Thu Feb 22
/// ...".
std::string gpu_driver(const fs::path& root) {
  std::istringstream words(line_of(root / "proc/driver/nvidia/version"));
  for (std::string word; words >> word;) {
    const bool version = word.find_first_not_of("0123456789.") == std::string::npos;
    if (version && word.find('.') != std::string::npos) return word;
  }
  return {};
}

}  // namespace

MachineState machine_state(const std::string& root) {
  const fs::path at(root);
  return {.governor = line_of(at / kProcessor / "cpufreq/scaling_governor"),
          .hertz = frequency(at),
          .celsius = temperature(at),
          .caches = caches(at),
          .memory_limit = memory_limit(at),
          .gpu_driver = gpu_driver(at)};
}

}  // namespace joule::measure
