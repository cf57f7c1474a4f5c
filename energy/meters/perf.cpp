// SPDX-License-Identifier: MIT
#include "joule/energy/meters/perf.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/energy/meters/cpu_scope.h"
#include "joule/energy/meters/none.h"

namespace joule::energy {
namespace {

constexpr const char* kPerf = "perf";
constexpr std::uint64_t kMostCpus = 65535;
constexpr Watts kMostOfACounter(1000);  // of a package or its DRAM, as in rapl.cpp

std::optional<std::uint64_t> number(const std::string& text, int base = 10) {
  std::uint64_t value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, code] = std::from_chars(text.data(), last, value, base);
  if (code != std::errc() || end != last) return {};
  return value;
}

/// What the kernel's files say of the power events; `problem` if they do not say it.
struct Description {
  std::uint32_t type = 0;
  std::vector<int> cpus;
  std::vector<std::uint64_t> configs;  // of the package, and of the DRAM where there is one
  Joules unit;
  std::set<int> packages;
  std::vector<std::string> remarks;
  std::string problem;
};

class Reader {
 public:
  explicit Reader(const Machine& machine)
      : machine_(machine), root_(machine.sysfs + "/bus/event_source/devices/power/") {}

  bool present() const { return machine_.read_file(root_ + "type").error != ENOENT; }

  Description describe() {
    Description d;
    const auto type = number(text("type"));
    if (!type) fail("type", "a number");
    d.type = static_cast<std::uint32_t>(type.value_or(0));
    d.cpus = cpus();
    add_event("energy-pkg", d);
    if (machine_.read_file(root_ + "events/energy-ram").error == 0) add_event("energy-ram", d);
    keep_one_per_counter(d);
    d.problem = problem_;
    return d;
  }

 private:
  std::string text(const std::string& file) {
    const FileText read = machine_.read_file(root_ + file);
    if (read.error) note(str(root_, file, ": ", std::strerror(read.error)));
    return trimmed(read.text);
  }
  void fail(const std::string& file, const std::string& expected) {
    note(str(root_, file, ": expected ", expected, ", got '", text(file), "'"));
  }
  void note(const std::string& problem) {
    if (problem_.empty()) problem_ = problem;
  }

  /// "0,28" or "0-3".
  std::vector<int> cpus() {
    const std::string list = text("cpumask");
    std::vector<int> all;
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t comma = std::min(list.find(',', at), list.size());
      const std::string part = list.substr(at, comma - at);
      const std::size_t dash = part.find('-');
      const auto first = number(part.substr(0, dash));
      const auto last = dash == std::string::npos ? first : number(part.substr(dash + 1));
      if (!first || !last || *last < *first || *last > kMostCpus) {
        fail("cpumask", "CPUs such as 0,28 or 0-3");
        return {};
      }
      for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) all.push_back(static_cast<int>(cpu));
      at = comma + 1;
    }
    return all;
  }

  void add_event(const std::string& event, Description& d) {
    constexpr std::string_view kPrefix = "event=0x";
    const std::string definition = text("events/" + event);
    const bool hexadecimal = definition.starts_with(kPrefix);
    const auto config = hexadecimal ? number(definition.substr(kPrefix.size()), 16) : std::nullopt;
    if (!config) return fail("events/" + event, "event=0x and a number");
    const std::string scale_text = text("events/" + event + ".scale");
    char* end = nullptr;
    const double scale = std::strtod(scale_text.c_str(), &end);
    const std::string unit = text("events/" + event + ".unit");
    if (*end != '\0' || !std::isfinite(scale) || scale <= 0) {
      return fail("events/" + event + ".scale", "a positive number");
    }
    if (unit != "Joules") return fail("events/" + event + ".unit", "Joules");
    if (!d.configs.empty() && Joules(scale) != d.unit) {
      return fail("events/" + event + ".scale", str("that of energy-pkg, ", d.unit.value()));
    }
    d.unit = Joules(scale);
    d.configs.push_back(*config);
  }

  /// Leaves one CPU per counter, and notes the packages.
  void keep_one_per_counter(Description& d) {
    const std::string vendor = machine_.read_file(machine_.procfs + "/cpuinfo").text;
    const bool one_per_package = vendor.find("AuthenticAMD") != std::string::npos ||
                                 vendor.find("HygonGenuine") != std::string::npos;
    std::vector<int> kept;
    for (const int cpu : d.cpus) {
      const std::string file =
          str(machine_.sysfs, "/devices/system/cpu/cpu", cpu, "/topology/physical_package_id");
      const auto package = number(trimmed(machine_.read_file(file).text));
      if (!package) {
        note(str(file, ": expected the number of a package"));
        return;
      }
      const bool first = d.packages.insert(static_cast<int>(*package)).second;
      if (first || !one_per_package) kept.push_back(cpu);
    }
    if (kept.size() < d.cpus.size()) {
      d.remarks.push_back(str("left out: ", d.cpus.size() - kept.size(),
                              " CPUs of the cpumask that show the counter of their package again"));
    }
    d.cpus = kept;
  }

  const Machine& machine_;
  std::string root_;
  std::string problem_;
};

class PerfMeter final : public Meter {
 public:
  PerfMeter(MeterInfo info, const Machine& machine, std::vector<KernelCounter> counters)
      : Meter(std::move(info), *machine.clock), counters_(std::move(counters)) {}

 private:
  Sample sample(Purpose) override {
    Sample sum;
    for (const KernelCounter& counter : counters_) {
      const KernelCounter::Value value = counter.read();
      if (value.error) {
        return {.failure = str("perf event: ", std::strerror(value.error)),
                .retry = value.error == ENODEV ? Retry::never : Retry::soon};
      }
      sum.ticks += static_cast<std::int64_t>(value.ticks);
    }
    return sum;
  }

  std::vector<KernelCounter> counters_;
};

std::unique_ptr<Meter> refused(const Machine& machine, int error) {
  const std::string why = str("perf_event_open: ", std::strerror(error));
  if (error == EACCES || error == EPERM) {
    const std::string level =
        trimmed(machine.read_file(machine.procfs + "/sys/kernel/perf_event_paranoid").text);
    return unreadable_meter(
        machine, kPerf, Status::denied,
        str("present but not for this user: ", why,
            level.empty() ? "" : str(" (kernel.perf_event_paranoid is ", level, ")")),
        "run as root, or give the program CAP_PERFMON (setcap cap_perfmon+ep), or "
        "sudo sysctl kernel.perf_event_paranoid=0 (until the next boot)");
  }
  return unreadable_meter(machine, kPerf, Status::failed, why,
                          "the kernel's log may say more (dmesg)");
}

}  // namespace

std::unique_ptr<Meter> open_perf(const Machine& machine) {
  Reader reader(machine);
  if (!reader.present()) {
    return unreadable_meter(
        machine, kPerf, Status::absent,
        str("there is no ", machine.sysfs, "/bus/event_source/devices/power"),
        "in a virtual machine or a container: measure on the host; on a machine of your own: "
        "modprobe rapl");
  }
  const Description d = reader.describe();
  if (!d.problem.empty()) {
    return unreadable_meter(machine, kPerf, Status::failed, d.problem,
                            "the kernel's log may say more (dmesg)");
  }
  std::vector<KernelCounter> counters;
  for (const int cpu : d.cpus) {
    for (const std::uint64_t config : d.configs) {
      counters.push_back(machine.open_counter(d.type, config, cpu));
      if (counters.back().error) return refused(machine, counters.back().error);
    }
  }
  MeterInfo info{.name = kPerf,
                 .scope = cpu_scope(d.packages, d.configs.size() > 1),
                 .domain = Domain::processors,
                 .unit = d.unit,
                 .most = static_cast<double>(counters.size()) * kMostOfACounter,
                 .remarks = d.remarks};
  return std::make_unique<PerfMeter>(std::move(info), machine, std::move(counters));
}

}  // namespace joule::energy
