// SPDX-License-Identifier: MIT
#include "joule/study/workers/worker_process.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "joule/core/error.h"

namespace joule::study {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "?";
  return name.data();
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Of the boot and the namespace in which this process has its pid.
std::string where_pids_count() {
  std::string boot = contents("/proc/sys/kernel/random/boot_id");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  std::array<char, 64> space{};
  if (::readlink("/proc/self/ns/pid", space.data(), space.size() - 1) < 0) return "";
  return boot + " " + space.data();
}

/// In the kernel's ticks since the boot; empty if there is no such process.  One that has ended and
/// was not waited for is still there.
///
/// Source    proc(5), /proc/[pid]/stat: field 22 is the start time; field 2, in parentheses, may
///           hold anything.
std::string start_time(int pid) {
  const std::string stat = contents(str("/proc/", pid, "/stat"));
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return "";
  std::istringstream rest(stat.substr(name_end + 1));
  const std::vector<std::string> fields(std::istream_iterator<std::string>(rest), {});
  constexpr std::size_t kStart = 19;  // from field 3 on
  return fields.size() > kStart ? fields[kStart] : "";
}

std::string identity(int pid) {
  const std::string where = where_pids_count(), start = start_time(pid);
  return where.empty() || start.empty() ? "" : str(where, " ", pid, " ", start);
}

}  // namespace

std::string WorkerProcess::shown() const { return str(pid, " on ", host); }

WorkerProcess this_process() { return process_of(::getpid()); }

WorkerProcess process_of(int child) {
  return {.host = host_name(), .pid = child, .identity = identity(child)};
}

bool is_dead(const WorkerProcess& process) {
  const std::string where = where_pids_count();
  if (process.identity.empty() || where.empty() || !process.identity.starts_with(where + " ")) {
    return false;
  }
  return identity(process.pid) != process.identity;
}

}  // namespace joule::study
