// SPDX-License-Identifier: MIT
#include "energy/meters/nvml.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "core/error.h"
#include "energy/meters/none.h"
#include "energy/meters/nvml_library.h"

namespace joule::energy {
namespace {

constexpr const char* kName = "nvml";
constexpr const char* kRemedy =
    "needs an NVIDIA GPU of Volta or later with its driver loaded (nvidia-smi must work), and in a "
    "container the driver's libraries (--gpus all)";
constexpr Joules kUnit(1e-3);
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

/// Power at the moment, integrated by the trapezoid rule.
class PowerSum {
 public:
  explicit PowerSum(const Library& library) : library_(library) {}

  /// Takes a sample if the last one is old enough.
  std::optional<PowerIntegral> update(nvml::Device device, std::int64_t now_ns) {
    if (!works_) return {};
    if (sum_.samples == 0 || now_ns - last_ns_ >= kSampleNs) take(device, now_ns);
    if (!works_) return {};
    return sum_;
  }

 private:
  void take(nvml::Device device, std::int64_t now_ns) {
    nvml::FieldValue power{.field = nvml::kPowerInstant};
    const auto read = library_.call().field_values;
    // The call succeeds if it fills in any field, so each has a status of its own.
    works_ = read && read(device, 1, &power) == nvml::kSuccess && power.status == nvml::kSuccess &&
             power.type == nvml::kTypeUnsigned;
    if (!works_) return;
    const auto milliwatts = static_cast<std::int64_t>(power.value.u);
    if (sum_.samples > 0) {
      // mW times us are nJ.
      sum_.microjoules += (milliwatts + last_) * ((now_ns - last_ns_) / 1000) / 2 / 1000;
    }
    ++sum_.samples;
    last_ = milliwatts;
    last_ns_ = now_ns;
  }

  const Library& library_;
  bool works_ = true;
  PowerIntegral sum_;
  std::int64_t last_ = 0;  // mW
  std::int64_t last_ns_ = 0;
};

class NvmlMeter final : public Meter {
 public:
  NvmlMeter(MeterInfo info, Clock& clock, std::shared_ptr<Library> library, nvml::Device device)
      : Meter(std::move(info), clock),
        library_(std::move(library)),
        device_(device),
        power_(*library_) {}

 private:
  Sample sample(Purpose) override {
    unsigned long long millijoules = 0;
    const Return code = library_->call().total_energy(device_, &millijoules);
    if (code != nvml::kSuccess) {
      return {.failure = library_->text("nvmlDeviceGetTotalEnergyConsumption", code)};
    }
    return {.ticks = static_cast<std::int64_t>(millijoules),
            .integral = power_.update(device_, clock().now_ns())};
  }

  std::shared_ptr<Library> library_;
  nvml::Device device_;
  PowerSum power_;
};

/// What a reader of the figures may want to know: the driver, and the power that it allows.
std::vector<std::string> conditions(const nvml::Functions& call, nvml::Device device) {
  std::vector<std::string> known;
  std::array<char, nvml::kTextSize> driver{};
  if (call.driver_version &&
      call.driver_version(driver.data(), nvml::kTextSize) == nvml::kSuccess) {
    known.push_back(str("driver ", driver.data()));
  }
  unsigned milliwatts = 0;
  if (call.power_limit && call.power_limit(device, &milliwatts) == nvml::kSuccess) {
    known.push_back(str("power limit ", Watts(1e-3 * milliwatts)));
  }
  return known;
}

std::unique_ptr<Meter> open_device(const Machine& machine, const std::shared_ptr<Library>& library,
                                   nvml::Device device) {
  const nvml::Functions& call = library->call();
  const auto refused = [&](const char* function, Return code) {
    return unreadable_meter(machine, kName, status_of(code), library->text(function, code),
                            kRemedy);
  };
  std::array<char, nvml::kTextSize> name{};
  nvml::PciInfo pci{};
  if (const Return code = call.name(device, name.data(), nvml::kTextSize); code != nvml::kSuccess) {
    return refused("nvmlDeviceGetName", code);
  }
  if (const Return code = call.pci_info(device, &pci); code != nvml::kSuccess) {
    return refused("nvmlDeviceGetPciInfo_v3", code);
  }
  unsigned long long millijoules = 0;
  if (const Return code = call.total_energy(device, &millijoules); code != nvml::kSuccess) {
    return refused("nvmlDeviceGetTotalEnergyConsumption", code);
  }
  unsigned mig = 0, pending = 0;
  // GPUs without MIG answer that they do not support the question.
  const bool split =
      call.mig_mode && call.mig_mode(device, &mig, &pending) == nvml::kSuccess && mig == 1;
  MeterInfo info{.name = kName,
                 .scope = str("GPU ", pci.bus_id, " ", name.data(), " (whole card)"),
                 .unit = kUnit,
                 .systematic = kSystematic,
                 .sample_period = kSamplePeriod,
                 .remarks = conditions(call, device)};
  if (split) {
    info.remarks.push_back(
        "MIG is on: the counter is the whole card's, with what other instances do");
  }
  return std::make_unique<NvmlMeter>(std::move(info), *machine.clock, library, device);
}

}  // namespace

std::vector<std::unique_ptr<Meter>> open_nvml(const Machine& machine, const std::string& device) {
  require(device.empty() || !std::all_of(device.begin(), device.end(),
                                         [](unsigned char c) { return std::isdigit(c) != 0; }),
          "nvml: expected a PCI bus id (0000:65:00.0) or a UUID (GPU-...), got the number ", device,
          ": NVML and CUDA number devices differently");
  std::vector<std::unique_ptr<Meter>> meters;
  const auto refuse = [&](Status status, std::string reason) {
    meters.push_back(unreadable_meter(machine, kName, status, std::move(reason), kRemedy));
    return std::move(meters);
  };
  const Library::Loaded loaded = Library::load(machine.nvml);
  if (!loaded.library) return refuse(loaded.status, loaded.reason);
  const Library& library = *loaded.library;
  const nvml::Functions& call = library.call();
  nvml::Device handle = nullptr;
  if (!device.empty()) {
    const bool uuid = device.starts_with("GPU-") || device.starts_with("MIG-");
    const Return code = uuid ? call.device_by_uuid(device.c_str(), &handle)
                             : call.device_by_bus_id(device.c_str(), &handle);
    if (code != nvml::kSuccess) {
      return refuse(status_of(code), str("GPU ", device, ": ", call.error_string(code)));
    }
    meters.push_back(open_device(machine, loaded.library, handle));
    return meters;
  }
  unsigned count = 0;
  if (const Return code = call.device_count(&count); code != nvml::kSuccess) {
    return refuse(status_of(code), library.text("nvmlDeviceGetCount_v2", code));
  }
  for (unsigned i = 0; i < count; ++i) {
    if (const Return code = call.device_by_index(i, &handle); code != nvml::kSuccess) {
      const std::string why = library.text("nvmlDeviceGetHandleByIndex_v2", code);
      meters.push_back(unreadable_meter(machine, kName, status_of(code), why, kRemedy));
    } else {
      meters.push_back(open_device(machine, loaded.library, handle));
    }
  }
  if (meters.empty()) return refuse(Status::absent, "the driver knows no GPU");
  return meters;
}

}  // namespace joule::energy
