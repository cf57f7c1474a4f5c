// SPDX-License-Identifier: MIT
#include "joule/energy/meters/gpu/nvml.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meters/gpu/nvml_library.h"
#include "joule/energy/meters/gpu/nvml_power.h"
#include "joule/energy/meters/none.h"
#include "joule/energy/meters/sensors/power_sum.h"

namespace joule::energy {
namespace {

constexpr const char* kNvml = "nvml";
constexpr const char* kRemedy =
    "needs an NVIDIA GPU that tells its power, with its driver loaded (nvidia-smi must work), and "
    "in a container the driver's libraries (--gpus all)";
constexpr const char* kJetsonRemedy =
    "the GPU of a Jetson tells NVML no energy: its board's sensor does, as hwmon (ina3221)";
constexpr double kOverPowerLimit = 2;  // the limit is one of a mean: peaks go above it
constexpr Watts kMostOfACard(5000);
constexpr Joules kMillijoule(1e-3);
constexpr double kSystematic = 0.05;
constexpr Seconds kSamplePeriod(0.1);           // the power sensor is no faster
constexpr std::int64_t kSampleNs = 50'000'000;  // nor is it asked more often

using nvml::Library;
using nvml::Return;

Status status_of(Return code) {
  if (code == nvml::kNoPermission) return Status::denied;
  if (code == nvml::kNotSupported || code == nvml::kNotFound) return Status::absent;
  return Status::failed;
}

class NvmlMeter final : public Meter {
 public:
  NvmlMeter(MeterInfo info, Clock& clock, std::shared_ptr<Library> library, nvml::Device device)
      : Meter(std::move(info), clock),
        library_(library),
        device_(device),
        sensor_(library, device),
        senses_(sensor_.tells_the_moment()) {}

 private:
  Sample sample(Purpose) override {
    unsigned long long millijoules = 0;
    const Return code = library_->call().total_energy(device_, &millijoules);
    if (code != nvml::kSuccess) {
      return {.failure = library_->text("nvmlDeviceGetTotalEnergyConsumption", code),
              .retry = nvml::is_final(code) ? Retry::never : Retry::soon};
    }
    return {.ticks = static_cast<std::int64_t>(millijoules), .integral = integral()};
  }
  /// Power at the moment, integrated; none without it.
  std::optional<PowerIntegral> integral() {
    if (!senses_) return {};
    const std::int64_t now = clock().now_ns();
    if (power_.integral().samples == 0 || now - power_.last_ns() >= kSampleNs) {
      const auto [milliwatts, code] = sensor_.instant();
      senses_ = code == nvml::kSuccess;
      if (!senses_) return {};
      power_.add(1000 * milliwatts, now);
    }
    return power_.integral();
  }

  std::shared_ptr<Library> library_;
  nvml::Device device_;
  nvml::PowerSensor sensor_;
  bool senses_;
  PowerSum power_;
};

/// What a reader of the figures may want to know: the driver, and the power that it allows.
void add_conditions(const nvml::Functions& call, nvml::Device device, MeterInfo& info) {
  std::array<char, nvml::kTextSize> driver{};
  if (call.driver_version &&
      call.driver_version(driver.data(), nvml::kTextSize) == nvml::kSuccess) {
    info.remarks.push_back(str("driver ", driver.data()));
  }
  unsigned milliwatts = 0;
  info.most = kMostOfACard;
  if (call.power_limit && call.power_limit(device, &milliwatts) == nvml::kSuccess) {
    const Watts limit(1e-3 * milliwatts);
    info.remarks.push_back(str("power limit ", limit));
    if (limit > Watts(0)) info.limit = limit, info.most = kOverPowerLimit * limit;
  }
}

/// Of what the counter is, beside the card's name.
struct Extent {
  std::string text;
  Domain domain = Domain::gpu;
};
Extent extent_of(const std::string& name, bool split) {
  // The counter of Grace Hopper is the module's, with the processor.
  if (name.find("GH200") != std::string::npos) {
    return {
        .text = split ? " (whole module with its Grace processor, shared with other MIG instances)"
                      : " (whole module with its Grace processor)",
        .domain = Domain::module};
  }
  return {.text = split ? " (whole card, shared with other MIG instances)" : " (whole card)"};
}

const char* remedy_on(const Machine& machine) {
  const std::string board = machine.read_file(machine.procfs + "/device-tree/model").text;
  return board.find("Jetson") != std::string::npos ? kJetsonRemedy : kRemedy;
}

/// Whether the card counts its energy; not supported if the driver is too old to know of it.
Return counter_of(const nvml::Functions& call, nvml::Device device) {
  unsigned long long millijoules = 0;
  return call.total_energy ? call.total_energy(device, &millijoules) : nvml::kNotSupported;
}

std::unique_ptr<Meter> open_device(const Machine& machine, const std::shared_ptr<Library>& library,
                                   nvml::Device device) {
  const nvml::Functions& call = library->call();
  const auto refused = [&](const char* function, Return code) {
    return unreadable_meter(machine, kNvml, status_of(code), library->text(function, code),
                            remedy_on(machine));
  };
  std::array<char, nvml::kTextSize> name{};
  nvml::PciInfo pci{};
  if (const Return code = call.name(device, name.data(), nvml::kTextSize); code != nvml::kSuccess) {
    return refused("nvmlDeviceGetName", code);
  }
  if (const Return code = call.pci_info(device, &pci); code != nvml::kSuccess) {
    return refused("nvmlDeviceGetPciInfo_v3", code);
  }
  unsigned mig = 0, pending = 0;
  // GPUs without MIG answer that they do not support the question.
  const bool split =
      call.mig_mode && call.mig_mode(device, &mig, &pending) == nvml::kSuccess && mig == 1;
  const Extent extent = extent_of(name.data(), split);
  MeterInfo info{.name = kNvml,
                 .scope = str("GPU ", pci.bus_id, " ", name.data(), extent.text),
                 .domain = extent.domain,
                 .gpu = pci.bus_id,
                 .unit = kMillijoule,
                 .systematic = kSystematic,
                 .sample_period = kSamplePeriod};
  add_conditions(call, device, info);
  if (split) {
    info.remarks.push_back(
        "MIG is on: the counter is the whole card's, with what other instances do");
  }
  const Return counter = counter_of(call, device);
  if (counter == nvml::kSuccess) {
    return std::make_unique<NvmlMeter>(std::move(info), *machine.clock, library, device);
  }
  // Cards before Volta, and some later ones, have no counter.
  nvml::PowerSensor sensor(library, device);
  if (counter == nvml::kNotSupported && sensor.power().code == nvml::kSuccess) {
    return nvml::power_meter(machine, std::move(info), std::move(sensor));
  }
  return unreadable_meter(machine, std::move(info), status_of(counter),
                          library->text("nvmlDeviceGetTotalEnergyConsumption", counter),
                          remedy_on(machine));
}

/// The card that `id` names, also if it is one of its MIG instances.
struct FoundCard {
  nvml::Device card = nullptr;
  Return code = nvml::kSuccess;
};
FoundCard find_card(const nvml::Functions& call, const std::string& id) {
  FoundCard found;
  const bool instance = id.starts_with("MIG-");
  const auto find =
      instance || id.starts_with("GPU-") ? call.device_by_uuid : call.device_by_bus_id;
  found.code = find(id.c_str(), &found.card);
  if (!instance || found.code != nvml::kSuccess) return found;
  if (!call.card_of_instance) return {.code = nvml::kNotSupported};
  const nvml::Device handle = found.card;
  found.code = call.card_of_instance(handle, &found.card);
  return found;
}

void require_an_id(const std::string& id) {
  require(
      !std::ranges::all_of(id, [](unsigned char c) { return std::isdigit(c) != 0; }),
      "nvml: expected a PCI bus id (0000:65:00.0) or a UUID (GPU-..., MIG-...), got the number ",
      id, ": NVML and CUDA number devices differently");
}

}  // namespace

std::vector<std::unique_ptr<Meter>> open_nvml(const Machine& machine, const std::string& named) {
  const std::string& id = named.empty() ? machine.gpu : named;
  if (!id.empty()) require_an_id(id);
  std::vector<std::unique_ptr<Meter>> meters;
  const auto refuse = [&](Status status, std::string reason) {
    meters.push_back(
        unreadable_meter(machine, kNvml, status, std::move(reason), remedy_on(machine)));
    return std::move(meters);
  };
  const Library::Loaded loaded = Library::load(machine.nvml);
  if (!loaded.library) return refuse(loaded.status, loaded.reason);
  const Library& library = *loaded.library;
  const nvml::Functions& call = library.call();
  if (!id.empty()) {
    const auto [card, code] = find_card(call, id);
    require(named.empty() || code != nvml::kNotFound, "nvml: the driver knows no GPU ", named,
            "; joule info lists those that it knows");
    if (code != nvml::kSuccess) {
      return refuse(status_of(code), str("GPU ", id, ": ", call.error_string(code)));
    }
    meters.push_back(open_device(machine, loaded.library, card));
    return meters;
  }
  nvml::Device handle = nullptr;
  unsigned count = 0;
  if (const Return code = call.device_count(&count); code != nvml::kSuccess) {
    return refuse(status_of(code), library.text("nvmlDeviceGetCount_v2", code));
  }
  for (unsigned i = 0; i < count; ++i) {
    if (const Return code = call.device_by_index(i, &handle); code != nvml::kSuccess) {
      const std::string why = library.text("nvmlDeviceGetHandleByIndex_v2", code);
      meters.push_back(unreadable_meter(machine, kNvml, status_of(code), why, remedy_on(machine)));
    } else {
      meters.push_back(open_device(machine, loaded.library, handle));
    }
  }
  if (meters.empty()) return refuse(Status::absent, "the driver knows no GPU");
  return meters;
}

}  // namespace joule::energy
