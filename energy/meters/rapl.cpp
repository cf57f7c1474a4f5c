// SPDX-License-Identifier: MIT
#include "joule/energy/meters/rapl.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/energy/meters/cpu_scope.h"
#include "joule/energy/meters/none.h"
#include "joule/energy/meters/sysfs_number.h"

namespace joule::energy {
namespace {

constexpr const char* kRapl = "rapl";
constexpr Joules kRaplTick(1e-6);
constexpr std::int64_t kMaxWatts = 1000;    // no package or DRAM of one draws more, nor half of it
constexpr std::int64_t kOverZoneLimit = 4;  // a limit is one of a mean, and not each is enforced
constexpr std::int64_t kLumpNs = 10'000'000;  // the hardware updates every millisecond, or so
constexpr int kConstraints = 3;               // long term, short term, peak
constexpr Seconds kLongestPeriod(30);

SysfsNumber read_microjoules(const Machine& machine, const std::string& path) {
  return read_sysfs_number(machine, path, "microjoules");
}

/// One counter that is added to the sum.
struct Zone {
  std::string folder;
  bool dram = false;
  int package = 0;
  std::int64_t watts = kMaxWatts;  // that it cannot exceed
  std::int64_t limit = 0;          // that the kernel enforces; 0 if it tells none
  std::int64_t range = 0;          // microjoules, where it wraps
  std::int64_t last = 0;
  std::int64_t before_ns = 0;  // the last one was read after it

  std::string energy() const { return folder + "/energy_uj"; }
  /// The shortest time in which it can wrap.
  std::int64_t shortest_wrap_ns() const { return range / watts * 1000; }
  /// The most that it can count in this time: 1 W is 1 microjoule per 1000 ns.
  std::int64_t most(std::int64_t ns) const { return (ns + kLumpNs) / 1000 * watts; }
};

/// What one look at a zone gave.
struct ZoneLook {
  std::int64_t value = 0, before_ns = 0, after_ns = 0;
};

class RaplMeter final : public Meter {
 public:
  RaplMeter(MeterInfo info, Machine machine, std::vector<Zone> zones)
      : Meter(std::move(info), *machine.clock),
        machine_(std::move(machine)),
        zones_(std::move(zones)) {}

 private:
  Sample sample(Purpose) override {
    std::vector<ZoneLook> looks;  // all of them, or the sum goes on from none
    for (const Zone& zone : zones_) {
      const std::int64_t before_ns = clock().now_ns();
      const SysfsNumber now = read_microjoules(machine_, zone.energy());
      if (!now.problem.empty()) {
        return {.failure = now.problem, .retry = now.gone() ? Retry::later : Retry::soon};
      }
      looks.push_back({now.value, before_ns, clock().now_ns()});
    }
    Sample sum;
    for (std::size_t i = 0; i < zones_.size(); ++i) add(zones_[i], looks[i], sum);
    sum.ticks = total_;
    return sum;
  }

  /// Adds what a zone has counted since the last time; says why if that is not certain.
  void add(Zone& zone, const ZoneLook& look, Sample& sum) {
    const std::int64_t before = std::exchange(zone.last, look.value);
    const std::int64_t elapsed_ns = look.after_ns - std::exchange(zone.before_ns, look.before_ns);
    const std::int64_t most = zone.most(elapsed_ns);
    if (elapsed_ns >= zone.shortest_wrap_ns()) {
      sum.reset = str(zone.energy(), ": was not read for ", nanoseconds(elapsed_ns),
                      " and may have wrapped more than once");
    } else if (look.value >= before) {
      total_ += look.value - before;
      if (look.value - before <= most) return;
      sum.reset = str(zone.energy(), ": jumped from ", before, " to ", look.value, " uJ in ",
                      nanoseconds(elapsed_ns), ": more than ", zone.watts, " W");
    } else {
      const std::int64_t wrapped = look.value - before + zone.range;
      total_ += std::max<std::int64_t>(wrapped, 0);
      if (wrapped < 0 || wrapped > most) {
        sum.reset = str(zone.energy(), ": went backwards, from ", before, " to ", look.value,
                        " uJ; a wrap within ", nanoseconds(elapsed_ns), " would mean more than ",
                        zone.watts, " W (a reset)");
      } else {
        sum.doubt += most;  // a reset close to the end of the range looks the same
      }
    }
  }

  Machine machine_;
  std::vector<Zone> zones_;
  std::int64_t total_ = 0;
};

constexpr std::string_view kMsr = "intel-rapl:", kMmio = "intel-rapl-mmio:";

/// A folder intel-rapl:N[:M] and the name that it gives itself.
struct FoundZone {
  std::string folder, index, name;
};

/// "a:0" of "intel-rapl:a:0"; empty for anything else.  Indexes are hexadecimal.
std::string index_of(const std::string& file, std::string_view prefix) {
  if (!file.starts_with(prefix)) return {};
  std::string index = file.substr(prefix.size());
  return index.find_first_not_of("0123456789abcdef:") == std::string::npos ? index : "";
}

std::vector<FoundZone> find_zones(const Machine& machine, std::string_view prefix) {
  std::vector<FoundZone> found;
  std::error_code ignored;  // no folder, no zones
  for (const auto& entry :
       std::filesystem::directory_iterator(machine.sysfs + "/class/powercap", ignored)) {
    const std::string index = index_of(entry.path().filename().string(), prefix);
    if (index.empty()) continue;
    const FileText name = machine.read_file(entry.path().string() + "/name");
    if (!name.error) found.push_back({entry.path().string(), index, trimmed(name.text)});
  }
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
std::vector<Zone> packages_of(const std::vector<FoundZone>& found,
                              std::vector<std::string>& remarks) {
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
      const auto in = owner == found.end() ? std::nullopt : package_of(owner->name);
      if (in) zones.push_back({.folder = f.folder, .dram = true, .package = *in});
    }
  }
  return zones;
}

/// What is counted: the packages, by one of two ways; if there is none, the platform.
struct Chosen {
  std::vector<Zone> zones;
  bool platform = false;
};
Chosen choose(const Machine& machine, std::vector<std::string>& remarks) {
  const std::vector<FoundZone> msr = find_zones(machine, kMsr), mmio = find_zones(machine, kMmio);
  Chosen chosen{.zones = packages_of(msr, remarks)};
  const auto has_package = [&] {
    return std::ranges::any_of(chosen.zones, [](const Zone& z) { return !z.dram; });
  };
  if (has_package()) {
    if (!mmio.empty()) {
      remarks.emplace_back("intel-rapl-mmio is left out: the same counters by another way");
    }
    return chosen;
  }
  remarks.clear();
  chosen.zones = packages_of(mmio, remarks);
  if (has_package()) {
    remarks.emplace_back("read by intel-rapl-mmio: there is no package in intel-rapl");
    return chosen;
  }
  remarks.clear();
  chosen = {.platform = true};
  for (const FoundZone& found : msr) {
    if (found.name == "psys") chosen.zones.push_back({.folder = found.folder});
  }
  return chosen;
}

/// The highest limit that the kernel enforces, in whole watts; 0 if none is.
std::int64_t limit_of(const Machine& machine, const Zone& zone) {
  const SysfsNumber enabled =
      read_sysfs_number(machine, zone.folder + "/enabled", "1 for enabled, or 0");
  if (!enabled.problem.empty() || enabled.value == 0) return 0;
  std::int64_t highest = 0;
  for (int i = 0; i < kConstraints; ++i) {
    for (const char* what : {"power_limit_uw", "max_power_uw"}) {
      const std::string file = str(zone.folder, "/constraint_", i, "_", what);
      highest = std::max(highest, read_sysfs_number(machine, file, "microwatts").value);
    }
  }
  return highest == 0 ? 0 : highest / 1'000'000 + 1;
}

/// With a margin, or what no zone draws.
std::int64_t watts_within(std::int64_t limit) {
  return limit == 0 || limit > kMaxWatts / kOverZoneLimit ? kMaxWatts : limit * kOverZoneLimit;
}

/// Of all zones together, if each has one.
std::optional<Watts> limit_of(const std::vector<Zone>& zones) {
  Watts sum;
  for (const Zone& zone : zones) {
    if (zone.limit == 0) return {};
    sum += Watts(static_cast<double>(zone.limit));
  }
  return sum;
}

/// Fills in value, range and limit.  Returns what cannot be read, if anything.
SysfsNumber read_first(const Machine& machine, Zone& zone) {
  SysfsNumber range = read_microjoules(machine, zone.folder + "/max_energy_range_uj");
  if (!range.problem.empty()) return range;
  if (range.value == 0) {
    return {.problem = zone.folder + "/max_energy_range_uj: expected more than 0"};
  }
  zone.range = range.value;
  zone.limit = limit_of(machine, zone);
  zone.watts = watts_within(zone.limit);
  zone.before_ns = machine.clock->now_ns();
  SysfsNumber now = read_microjoules(machine, zone.energy());
  zone.last = now.value;
  return now;
}

/// Values of each zone, read in turns for a second; the problem if too few rounds are complete.
struct WatchedZones {
  std::vector<std::vector<std::int64_t>> values;  // per zone
  std::string problem;
};
WatchedZones watch_zones(const Machine& machine, const std::vector<Zone>& zones) {
  constexpr int kRounds = 50;
  constexpr std::int64_t kRoundNs = 20'000'000;
  WatchedZones watched;
  watched.values.resize(zones.size());
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::int64_t> values;
    for (const Zone& zone : zones) {
      const SysfsNumber now = read_microjoules(machine, zone.energy());
      if (!now.problem.empty()) {
        watched.problem = now.problem;
        break;
      }
      values.push_back(now.value);
    }
    for (std::size_t i = 0; values.size() == zones.size() && i < zones.size(); ++i) {
      watched.values[i].push_back(values[i]);
    }
    machine.clock->sleep_ns(kRoundNs);
  }
  if (2 * watched.values.front().size() > kRounds) watched.problem.clear();
  return watched;
}

/// Whether two zones of the same kind and package show one counter, moved at times that are less
/// than a round apart: each value of the one lies between the other's a round before and after.
/// Two counters count from the same boot, but never to the same microjoules.
bool mirrors(const std::vector<std::int64_t>& one, const std::vector<std::int64_t>& other,
             std::int64_t range) {
  const auto ahead = [&](std::int64_t from, std::int64_t to) {
    return to >= from ? to - from : to - from + range;
  };
  for (std::size_t i = 1; i + 1 < one.size(); ++i) {
    if (ahead(one[i - 1], other[i]) > ahead(one[i - 1], one[i + 1])) return false;
  }
  return one.front() > 0 || one.back() > 0;  // two zeros say nothing
}

bool alike(const Zone& a, const Zone& b) { return a.dram == b.dram && a.package == b.package; }

/// Leaves out what shows the counter of another die; returns a problem, if that cannot be told.
std::string drop_mirrors(const Machine& machine, std::vector<Zone>& zones,
                         std::vector<std::string>& remarks) {
  const auto has_twin = [&](const Zone& zone) {
    return std::ranges::count_if(zones, [&](const Zone& z) { return alike(z, zone); }) > 1;
  };
  if (std::ranges::none_of(zones, has_twin)) return {};
  const WatchedZones watched = watch_zones(machine, zones);
  if (!watched.problem.empty()) return watched.problem;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    const bool mirror = std::ranges::any_of(kept, [&](std::size_t k) {
      return alike(zones[k], zones[i]) &&
             mirrors(watched.values[k], watched.values[i], zones[k].range);
    });
    if (!mirror) kept.push_back(i);
  }
  const std::size_t dropped = zones.size() - kept.size();
  std::vector<Zone> left;
  for (const std::size_t k : kept) left.push_back(zones[k]);
  zones = std::move(left);
  if (dropped > 0) {
    remarks.push_back(str("left out: ", dropped, " zone", dropped == 1 ? "" : "s", " that mirror",
                          dropped == 1 ? "s" : "", " the counter of another die"));
  }
  return {};
}

/// The long-term limits of the packages, where the kernel tells.
void say_limits(const Machine& machine, const std::vector<Zone>& zones,
                std::vector<std::string>& remarks) {
  for (const Zone& zone : zones) {
    const SysfsNumber limit =
        read_sysfs_number(machine, zone.folder + "/constraint_0_power_limit_uw", "microwatts");
    if (zone.dram || !limit.problem.empty()) continue;
    remarks.push_back(str("package ", zone.package, ": power limit ",
                          Watts(1e-6 * static_cast<double>(limit.value))));
  }
}

/// A wrap is doubtful by what can be drawn between two readings: they are so close that this is a
/// thousandth of the range.
Seconds sample_period(const std::vector<Zone>& zones) {
  Seconds period = kLongestPeriod;
  for (const Zone& zone : zones) {
    period = std::min(period, 1e-3 * nanoseconds(zone.shortest_wrap_ns()));
  }
  return std::max(period, Seconds(0.01));
}

}  // namespace

std::unique_ptr<Meter> open_rapl(const Machine& machine) {
  MeterInfo info{.name = kRapl, .domain = Domain::processors, .unit = kRaplTick};
  auto [zones, platform] = choose(machine, info.remarks);
  if (zones.empty()) {
    return unreadable_meter(
        machine, kRapl, Status::absent,
        str("there is no package in ", machine.sysfs, "/class/powercap/intel-rapl:*"),
        "in a virtual machine or a container: measure on the host (or give joule its tree by "
        "--sysfs); on a machine of your own: modprobe intel_rapl_msr");
  }
  for (Zone& zone : zones) {
    const SysfsNumber read = read_first(machine, zone);
    if (read.problem.empty()) continue;
    return refused_meter(
        machine, kRapl, read, "present but root-only since Linux 5.10 (CVE-2020-8694): ",
        "run as root, or, if every local user may watch this machine's power: "
        "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj (until the next boot)");
  }
  const std::string untold = drop_mirrors(machine, zones, info.remarks);
  if (!untold.empty()) {
    return unreadable_meter(machine, kRapl, Status::failed,
                            "whether two dies show the same counter cannot be told: " + untold,
                            "the kernel's log may say more (dmesg)");
  }
  info.sample_period = sample_period(zones);
  info.limit = limit_of(zones);
  if (platform) {
    info.domain = Domain::unknown;
    info.scope = "psys, the platform: what that is, the maker of the board decides";
    return std::make_unique<RaplMeter>(std::move(info), machine, std::move(zones));
  }
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
