// SPDX-License-Identifier: MIT
#include "joule/energy/machine.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "joule/io/descriptor.h"

namespace joule::energy {
namespace {

ssize_t read_uninterrupted(int descriptor, void* to, std::size_t bytes) {
  ssize_t got = 0;
  do {
    got = ::read(descriptor, to, bytes);
  } while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

FileText read_whole_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return {.text = {}, .error = errno};
  FileText contents;
  std::array<char, 4096> buffer;
  ssize_t got = 0;
  while ((got = read_uninterrupted(file.get(), buffer.data(), buffer.size())) > 0) {
    contents.text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) return {.text = {}, .error = errno};
  return contents;
}

KernelCounter open_perf_counter(std::uint32_t type, std::uint64_t config, int cpu) {
  perf_event_attr attributes{};
  attributes.type = type;
  attributes.size = sizeof(attributes);
  attributes.config = config;
  const auto opened = static_cast<int>(
      ::syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
  if (opened < 0) return {.read = {}, .error = errno};
  const auto counter = std::make_shared<Descriptor>(opened);
  return {.read = [counter]() -> KernelCounter::Value {
    std::uint64_t ticks = 0;
    const ssize_t got = read_uninterrupted(counter->get(), &ticks, sizeof(ticks));
    // The end of the file: the kernel has taken the event off its CPU.
    if (got != sizeof(ticks)) return {.ticks = 0, .error = got < 0 ? errno : ENODEV};
    return {.ticks = ticks};
  }};
}

}  // namespace joule::energy
