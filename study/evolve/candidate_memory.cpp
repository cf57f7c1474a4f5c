// SPDX-License-Identifier: MIT
#include "joule/study/evolve/candidate_memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

namespace joule::study {
namespace {

/// A line of /proc/self/status, "VmHWM:     1234 kB", in bytes.
std::optional<double> status_line(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t digit = line.find_first_of("0123456789");
    if (digit == std::string::npos) return {};
    std::uint64_t kibibytes = 0;
    std::from_chars(line.data() + digit, line.data() + line.size(), kibibytes);
    return static_cast<double>(kibibytes) * 1024;
  }
  return {};
}

}  // namespace

std::optional<double> peak_memory() { return status_line("VmHWM:"); }

bool reset_peak_memory() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

MemoryLimit::MemoryLimit(std::int64_t mebibytes) {
  rlimit limit{};
  const std::optional<double> data = status_line("VmData:");
  if (mebibytes == 0 || !data || ::getrlimit(RLIMIT_DATA, &limit) != 0) return;
  before_ = limit.rlim_cur;
  const auto most = static_cast<rlim_t>(*data) + (static_cast<rlim_t>(mebibytes) << 20);
  limit.rlim_cur = std::min(most, limit.rlim_max);
  ::setrlimit(RLIMIT_DATA, &limit);
}

MemoryLimit::~MemoryLimit() {
  rlimit limit{};
  if (!before_ || ::getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = static_cast<rlim_t>(*before_);
  ::setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace joule::study
