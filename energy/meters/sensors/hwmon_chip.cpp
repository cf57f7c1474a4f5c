// SPDX-License-Identifier: MIT
#include "joule/energy/meters/sensors/hwmon_chip.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meters/cpu_scope.h"
#include "joule/energy/meters/sysfs_number.h"

namespace joule::energy {
namespace {

using Kind = HwmonSensor::Kind;

constexpr int kMostChannels = 1024;  // amd_energy has one per core

class HwmonFolder {
 public:
  HwmonFolder(const Machine& machine, std::string path)
      : machine_(machine), path_(std::move(path)) {}

  bool has(const std::string& file) const { return machine_.read_file(at(file)).error != ENOENT; }
  std::string at(const std::string& file) const { return path_ + "/" + file; }
  std::string text(const std::string& file) const {
    return trimmed(machine_.read_file(at(file)).text);
  }
  /// Positive, in millionths or thousandths of the unit.
  std::optional<double> number(const std::string& file, double unit) const {
    const SysfsNumber n = read_sysfs_number(machine_, at(file), "units");
    if (!n.problem.empty() || n.value == 0) return {};
    return unit * static_cast<double>(n.value);
  }

 private:
  const Machine& machine_;
  std::string path_;
};

std::optional<Watts> limit_of(const HwmonFolder& folder, const std::string& channel) {
  std::optional<Watts> highest;
  for (const char* what : {"_cap", "_cap_max", "_max", "_crit", "_rated_max"}) {
    const auto watts = folder.number(channel + what, 1e-6);
    if (watts && (!highest || Watts(*watts) > *highest)) highest = Watts(*watts);
  }
  return highest;
}

std::optional<Seconds> period_of(const HwmonFolder& folder, const std::string& file) {
  const auto seconds = folder.number(file, 1e-3);
  return seconds ? std::optional(Seconds(*seconds)) : std::nullopt;
}

void add_energies(const HwmonFolder& folder, HwmonChip& chip) {
  for (int i = 1; i <= kMostChannels; ++i) {
    const std::string channel = str("energy", i);
    if (!folder.has(channel + "_input")) {
      if (i > 2) break;  // a graphics card may have its second alone
      continue;
    }
    chip.sensors.push_back({.kind = Kind::energy,
                            .file = folder.at(channel + "_input"),
                            .label = folder.text(channel + "_label"),
                            .limit = limit_of(folder, str("power", i))});
  }
}

void add_powers(const HwmonFolder& folder, HwmonChip& chip) {
  for (int i = 1; i <= kMostChannels; ++i) {
    const std::string channel = str("power", i);
    const bool average = folder.has(channel + "_average");
    if (!average && !folder.has(channel + "_input")) {
      if (i > 2) break;
      continue;
    }
    std::string label = folder.text(channel + "_label");
    if (label.empty()) label = folder.text(channel + "_oem_info");
    chip.sensors.push_back(
        {.kind = average ? Kind::average : Kind::input,
         .file = folder.at(channel + (average ? "_average" : "_input")),
         .label = std::move(label),
         .limit = limit_of(folder, channel),
         .period = period_of(folder, average ? channel + "_average_interval" : "update_interval")});
  }
}

void add_products(const HwmonFolder& folder, HwmonChip& chip) {
  for (int i = 1; i <= 3; ++i) {
    if (!folder.has(str("in", i, "_input")) || !folder.has(str("curr", i, "_input"))) continue;
    HwmonSensor sensor{.kind = Kind::product,
                       .file = folder.at(str("in", i, "_input")),
                       .second = folder.at(str("curr", i, "_input")),
                       .label = folder.text(str("in", i, "_label")),
                       .period = period_of(folder, "update_interval")};
    const auto volts = folder.number(str("in", i, "_input"), 1e-3);
    const auto amperes = folder.number(str("curr", i, "_crit"), 1e-3);
    if (volts && amperes) sensor.limit = Watts(*volts * *amperes);
    chip.sensors.push_back(std::move(sensor));
  }
}

/// "0000:03:00.0" from the device's uevent; empty if it is no PCI device.
std::string bus_id(const HwmonFolder& folder) {
  constexpr std::string_view kKey = "PCI_SLOT_NAME=";
  const std::string uevent = folder.text("device/uevent");
  const std::size_t at = uevent.find(kKey);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kKey.size();
  return uevent.substr(begin, uevent.find('\n', begin) - begin);
}

bool is_graphics(const std::string& name) {
  return name == "amdgpu" || name == "i915" || name == "xe";
}

/// Keeps one; says which were left out.
void keep_only(HwmonChip& chip, std::size_t index, const std::string& why) {
  HwmonSensor kept = std::move(chip.sensors[index]);
  chip.sensors.erase(chip.sensors.begin() + static_cast<std::ptrdiff_t>(index));
  std::string others;
  for (const HwmonSensor& other : chip.sensors) {
    const std::string name =
        other.label.empty() ? std::filesystem::path(other.file).filename().string() : other.label;
    others += (others.empty() ? "" : ", ") + name;
  }
  if (!others.empty()) kept.remark = str("left out: ", others, why);
  chip.sensors = {std::move(kept)};
}

void choose_sockets(HwmonChip& chip) {
  const auto removed = std::erase_if(
      chip.sensors, [](const HwmonSensor& s) { return !s.label.starts_with("Esocket"); });
  for (HwmonSensor& sensor : chip.sensors) {
    sensor.domain = Domain::processors;
    sensor.what =
        "package " + sensor.label.substr(std::string_view("Esocket").size()) + ", without DRAM";
    if (removed > 0) sensor.remark = "left out: the cores, which are in the package";
  }
}

void choose_acpi(HwmonChip& chip) {
  // Each sensor of Grace is a device of its own; rails are inside the socket, as the kernel's
  // oem_info names them.
  std::erase_if(chip.sensors, [](const HwmonSensor& s) {
    return s.label.starts_with("CPU Power Socket") || s.label.starts_with("SysIO Power Socket");
  });
  for (HwmonSensor& sensor : chip.sensors) {
    if (sensor.label.starts_with("Grace Power Socket")) {
      sensor.domain = Domain::processors;
      sensor.what = "the Grace processor and its memory";
    } else if (sensor.label.starts_with("Module Power Socket")) {
      sensor.domain = Domain::module;
      sensor.what = "the whole module: Grace, its GPU, and their memory";
    } else {
      sensor.what = "what the firmware attached it to";
    }
  }
}

void choose_graphics(HwmonChip& chip) {
  std::erase_if(chip.sensors, [&](const HwmonSensor& s) {
    return (chip.name != "amdgpu") != (s.kind == Kind::energy);
  });
  if (chip.sensors.empty()) return;
  keep_only(chip, 0, ": in it, or the same again");
  HwmonSensor& sensor = chip.sensors.front();
  const bool package = sensor.file.ends_with("energy2_input");
  const bool apu = sensor.label.find("fastPPT") != std::string::npos ||
                   sensor.label.find("slowPPT") != std::string::npos;
  sensor.domain = apu ? Domain::unknown : Domain::gpu;
  sensor.what = apu       ? "an APU: processors and GPU together"
                : package ? "the package of a GPU, without the rest of its card"
                          : "a GPU, the whole card as its driver tells";
}

}  // namespace

void choose_sensors(HwmonChip& chip) {
  if (chip.name == "amd_energy") return choose_sockets(chip);
  if (chip.name == "power_meter") return choose_acpi(chip);
  if (is_graphics(chip.name)) return choose_graphics(chip);
  const auto input = std::ranges::find(chip.sensors, "VDD_IN", &HwmonSensor::label);
  if (chip.name == "ina3221" && input != chip.sensors.end()) {
    keep_only(chip, static_cast<std::size_t>(input - chip.sensors.begin()), ": they are in it");
    chip.sensors.front().domain = Domain::machine;
    chip.sensors.front().what = "the whole Jetson module at its input, without its carrier board";
    return;
  }
  for (HwmonSensor& sensor : chip.sensors) sensor.what = "what it is wired to";
}

std::vector<HwmonChip> find_hwmon_chips(const Machine& machine) {
  std::vector<std::filesystem::path> folders;
  std::error_code ignored;  // no folder, no chips
  for (const auto& entry :
       std::filesystem::directory_iterator(machine.sysfs + "/class/hwmon", ignored)) {
    folders.push_back(entry.path());
  }
  std::ranges::sort(folders, {}, [](const std::filesystem::path& path) {
    const std::string name = path.filename().string();
    return std::pair(name.size(), name);  // hwmon10 behind hwmon9
  });
  std::vector<HwmonChip> chips;
  for (const std::filesystem::path& path : folders) {
    const HwmonFolder folder(machine, path.string());
    HwmonChip chip{.folder = path.string(), .name = folder.text("name")};
    add_energies(folder, chip);
    add_powers(folder, chip);
    if (chip.name == "ina3221") add_products(folder, chip);
    if (chip.sensors.empty()) {  // older kernels put them into the device's folder
      const HwmonFolder device(machine, path.string() + "/device");
      if (chip.name.empty()) chip.name = device.text("name");
      add_energies(device, chip);
      add_powers(device, chip);
    }
    if (is_graphics(chip.name)) chip.gpu = bus_id(folder);
    choose_sensors(chip);
    if (!chip.sensors.empty()) chips.push_back(std::move(chip));
  }
  return chips;
}

}  // namespace joule::energy
