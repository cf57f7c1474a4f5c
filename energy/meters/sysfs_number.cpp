// SPDX-License-Identifier: MIT
#include "joule/energy/meters/sysfs_number.h"

#include <cerrno>
#include <charconv>
#include <cstring>

#include "joule/core/error.h"
#include "joule/energy/meters/cpu_scope.h"
#include "joule/energy/meters/none.h"

namespace joule::energy {

bool SysfsNumber::denied() const { return error == EACCES || error == EPERM; }
bool SysfsNumber::gone() const { return error == ENOENT || error == ENODEV || error == ENXIO; }

SysfsNumber read_sysfs_number(const Machine& machine, const std::string& path,
                              const std::string& what) {
  const FileText file = machine.read_file(path);
  if (file.error) {
    return {.problem = str(path, ": ", std::strerror(file.error)), .error = file.error};
  }
  const std::string text = trimmed(file.text);
  SysfsNumber read;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), read.value);
  if (code != std::errc() || end != text.data() + text.size() || read.value < 0) {
    read.value = 0;
    read.problem = str(path, ": expected a number of ", what, ", got '", text, "'");
  }
  return read;
}

std::unique_ptr<Meter> refused_meter(const Machine& machine, const std::string& name,
                                     const SysfsNumber& read, const std::string& why_denied,
                                     const std::string& remedy) {
  if (read.denied()) {
    return unreadable_meter(machine, name, Status::denied, why_denied + read.problem, remedy);
  }
  return unreadable_meter(machine, name, Status::failed, read.problem,
                          "the kernel's log may say more (dmesg)");
}

}  // namespace joule::energy
