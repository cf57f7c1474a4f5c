// SPDX-License-Identifier: MIT
#include "joule/energy/meters/rapl.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
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

constexpr const char* kRapl = "rapl";
constexpr Joules kMicrojoule(1e-6);
constexpr std::int64_t kMaxWatts = 1000;  // no package or DRAM of one draws more, nor half of it

/// A number of microjoules (or microwatts), or why there is none.
struct Microjoules {
  std::int64_t value = 0;
  std::string problem;
  int error = 0;  // an errno
};

Microjoules read_microjoules(const Machine& machine, const std::string& path) {
  const FileText file = machine.read_file(path);
  if (file.error) {
    return {.problem = str(path, ": ", std::strerror(file.error)), .error = file.error};
  }
  const std::string text = trimmed(file.text);
  Microjoules read;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), read.value);
  if (code != std::errc() || end != text.data() + text.size() || read.value < 0) {
    read.problem = str(path, ": expected a number of microjoules, got '", text, "'");
  }
  return read;
}

/// One counter that is added to the sum.
struct Zone {
  std::string folder;
  bool dram = false;
  int package = 0;
  std::int64_t range = 0;  // microjoules, where it wraps
  std::int64_t last = 0;

  std::string energy() const { return folder + "/energy_uj"; }
  /// The shortest time in which it can wrap.
  std::int64_t shortest_wrap_ns() const { return range / kMaxWatts * 1000; }
};

class RaplMeter final : public Meter {
 public:
  RaplMeter(MeterInfo info, Machine machine, std::vector<Zone> zones)
      : Meter(std::move(info), *machine.clock),
        machine_(std::move(machine)),
        zones_(std::move(zones)),
        last_ns_(clock().now_ns()) {}

 private:
  Sample sample(Purpose) override {
    const std::int64_t now_ns = clock().now_ns();
    std::string reset;
    for (Zone& zone : zones_) {
      const Microjoules now = read_microjoules(machine_, zone.energy());
      if (!now.problem.empty()) return {.failure = now.problem};
      const std::string lost = add(zone, now.value, now_ns - last_ns_);
      if (!lost.empty()) reset = lost;
    }
    last_ns_ = now_ns;
    return {.ticks = total_, .reset = reset};
  }

  /// Adds what a zone has counted since the last time; says why if that is not certain.
  std::string add(Zone& zone, std::int64_t now, std::int64_t elapsed_ns) {
    const std::int64_t before = std::exchange(zone.last, now);
    if (elapsed_ns >= zone.shortest_wrap_ns()) {
      return str(zone.energy(), ": was not read for ",
                 Seconds(1e-9 * static_cast<double>(elapsed_ns)),
                 " and may have wrapped more than once");
    }
    if (now >= before) {
      total_ += now - before;
      return {};
    }
    const std::int64_t wrapped = now - before + zone.range;
    // 1 W is 1 microjoule per 1000 ns; the hardware updates in lumps of about a millisecond.
    if (wrapped > (elapsed_ns + 10'000'000) / 1000 * kMaxWatts) {
      return str(zone.energy(), ": went backwards, from ", before, " to ", now,
                 " uJ; a wrap within ", Seconds(1e-9 * static_cast<double>(elapsed_ns)),
                 " would mean more than ", kMaxWatts, " W (a reset)");
    }
    total_ += wrapped;
    return {};
  }

  Machine machine_;
  std::vector<Zone> zones_;
  std::int64_t last_ns_;
  std::int64_t total_ = 0;
};

/// A folder intel-rapl:N[:M] and the name that it gives itself.
struct FoundZone {
  std::string folder, index, name;
};

/// "a:0" of "intel-rapl:a:0"; empty for anything else.  Indexes are hexadecimal.
std::string index_of(const std::string& file) {
  constexpr std::string_view kPrefix = "intel-rapl:";
  if (!file.starts_with(kPrefix)) return {};
  std::string index = file.substr(kPrefix.size());
  return index.find_first_not_of("0123456789abcdef:") == std::string::npos ? index : "";
}

std::vector<FoundZone> find_zones(const Machine& machine, std::vector<std::string>& remarks) {
  std::vector<FoundZone> found;
  bool mmio = false;
  std::error_code ignored;  // no folder, no zones
  for (const auto& entry :
       std::filesystem::directory_iterator(machine.sysfs + "/class/powercap", ignored)) {
    const std::string file = entry.path().filename().string();
    mmio = mmio || file.starts_with("intel-rapl-mmio:");
    const std::string index = index_of(file);
    if (index.empty()) continue;
    const FileText name = machine.read_file(entry.path().string() + "/name");
    if (!name.error) found.push_back({entry.path().string(), index, trimmed(name.text)});
  }
  if (mmio) remarks.push_back("intel-rapl-mmio is left out: the same counters by another way");
  const auto key = [](const FoundZone& f) { return std::pair(f.index.size(), f.index); };
  std::sort(found.begin(), found.end(),
            [&](const FoundZone& a, const FoundZone& b) { return key(a) < key(b); });
  return found;
}

/// N of "package-N" and of "package-N-die-D".
std::optional<int> package_of(const std::string& name) {
  constexpr std::string_view kPrefix = "package-";
  if (!name.starts_with(kPrefix)) return {};
  int package = 0;
  const char* const last = name.data() + name.size();
  const auto [end, code] = std::from_chars(name.data() + kPrefix.size(), last, package);
  const std::string_view rest(end, static_cast<std::size_t>(last - end));
  if (code != std::errc() || (!rest.empty() && !rest.starts_with("-die-"))) return {};
  return package;
}

/// Packages and their DRAM; everything else is in them, or contains them.
std::vector<Zone> choose(const std::vector<FoundZone>& found, std::vector<std::string>& remarks) {
  std::vector<Zone> zones;
  for (const FoundZone& f : found) {
    if (const auto package = package_of(f.name)) {
      zones.push_back({.folder = f.folder, .dram = false, .package = *package});
    } else if (f.name == "psys") {
      remarks.push_back("psys is left out: it contains the packages");
    } else if (f.name == "dram") {
      const std::string parent = f.index.substr(0, f.index.rfind(':'));
      const auto owner = std::find_if(found.begin(), found.end(), [&](const FoundZone& other) {
        return other.index == parent;
      });
      const auto package = owner == found.end() ? std::nullopt : package_of(owner->name);
      if (package) zones.push_back({.folder = f.folder, .dram = true, .package = *package});
    }
  }
  return zones;
}

/// Fills in value and range.  Returns what cannot be read, if anything.
Microjoules read_first(const Machine& machine, Zone& zone) {
  Microjoules range = read_microjoules(machine, zone.folder + "/max_energy_range_uj");
  if (!range.problem.empty()) return range;
  if (range.value == 0) {
    return {.problem = zone.folder + "/max_energy_range_uj: expected more than 0"};
  }
  zone.range = range.value;
  Microjoules now = read_microjoules(machine, zone.energy());
  zone.last = now.value;
  return now;
}

/// Whether `other` shows the counter of `zone` again.  Two counters of a kind count from the same
/// boot, but never to the same microjoule.
bool mirrors(const Machine& machine, const Zone& zone, const Zone& other) {
  if (zone.dram != other.dram || zone.package != other.package) return false;
  const auto look = [&](const Zone& z) { return read_microjoules(machine, z.energy()); };
  const Microjoules first = look(zone), between = look(other), last = look(zone);
  if (!first.problem.empty() || !between.problem.empty() || !last.problem.empty()) return false;
  const bool wrapped = last.value < first.value;
  const bool inside = wrapped ? between.value >= first.value || between.value <= last.value
                              : between.value >= first.value && between.value <= last.value;
  const bool counts = first.value > 0 || last.value > 0;  // two zeros say nothing
  return counts && inside;
}

std::vector<Zone> without_mirrors(const Machine& machine, const std::vector<Zone>& zones,
                                  std::vector<std::string>& remarks) {
  std::vector<Zone> kept;
  std::size_t dropped = 0;
  for (const Zone& zone : zones) {
    const bool mirror = std::any_of(
        kept.begin(), kept.end(), [&](const Zone& known) { return mirrors(machine, known, zone); });
    if (mirror) {
      ++dropped;
    } else {
      kept.push_back(zone);
    }
  }
  if (dropped > 0) {
    remarks.push_back(str("left out: ", dropped, " zone", dropped == 1 ? "" : "s", " that mirror",
                          dropped == 1 ? "s" : "", " the counter of another die"));
  }
  return kept;
}

/// The long-term limits of the packages, where the kernel tells.
void say_limits(const Machine& machine, const std::vector<Zone>& zones,
                std::vector<std::string>& remarks) {
  for (const Zone& zone : zones) {
    const Microjoules watts =
        read_microjoules(machine, zone.folder + "/constraint_0_power_limit_uw");
    if (zone.dram || !watts.problem.empty()) continue;
    remarks.push_back(str("package ", zone.package, ": power limit ",
                          Watts(1e-6 * static_cast<double>(watts.value))));
  }
}

std::unique_ptr<Meter> refused(const Machine& machine, const Microjoules& read) {
  if (read.error == EACCES || read.error == EPERM) {
    return unreadable_meter(
        machine, kRapl, Status::denied,
        "present but root-only since Linux 5.10 (CVE-2020-8694): " + read.problem,
        "run as root, or, if every local user may watch this machine's power: "
        "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj (until the next boot)");
  }
  return unreadable_meter(machine, kRapl, Status::failed, read.problem,
                          "the kernel's log may say more (dmesg)");
}

}  // namespace

std::unique_ptr<Meter> open_rapl(const Machine& machine) {
  MeterInfo info{.name = kRapl,
                 .domain = Domain::processors,
                 .unit = kMicrojoule,
                 .sample_period = Seconds(30)};
  std::vector<Zone> zones = choose(find_zones(machine, info.remarks), info.remarks);
  const auto is_package = [](const Zone& z) { return !z.dram; };
  if (std::none_of(zones.begin(), zones.end(), is_package)) {
    return unreadable_meter(
        machine, kRapl, Status::absent,
        str("there is no package in ", machine.sysfs, "/class/powercap/intel-rapl:*"),
        "in a virtual machine or a container: measure on the host; on a machine of your own: "
        "modprobe intel_rapl_msr");
  }
  for (Zone& zone : zones) {
    const Microjoules read = read_first(machine, zone);
    if (!read.problem.empty()) return refused(machine, read);
  }
  zones = without_mirrors(machine, zones, info.remarks);
  say_limits(machine, zones, info.remarks);
  std::set<int> packages;
  bool dram = false;
  for (const Zone& zone : zones) {
    packages.insert(zone.package);
    dram = dram || zone.dram;
  }
  info.scope = cpu_scope(packages, dram);
  return std::make_unique<RaplMeter>(std::move(info), machine, std::move(zones));
}

}  // namespace joule::energy
