// SPDX-License-Identifier: MIT
#include "joule/energy/meters/gpu/nvml_library.h"

#include <dlfcn.h>

#include "joule/core/error.h"

namespace joule::energy::nvml {

std::string Library::resolve() {
  std::string missing;
  const auto find = [&](auto& function, const char* name, bool required) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle_, name));
    if (!function && required && missing.empty()) missing = name;
  };
  Functions& f = functions_;
  find(f.init, "nvmlInit_v2", true);
  find(f.shutdown, "nvmlShutdown", true);
  find(f.error_string, "nvmlErrorString", true);
  find(f.device_count, "nvmlDeviceGetCount_v2", true);
  find(f.device_by_index, "nvmlDeviceGetHandleByIndex_v2", true);
  find(f.device_by_bus_id, "nvmlDeviceGetHandleByPciBusId_v2", true);
  find(f.device_by_uuid, "nvmlDeviceGetHandleByUUID", true);
  find(f.name, "nvmlDeviceGetName", true);
  find(f.pci_info, "nvmlDeviceGetPciInfo_v3", true);
  find(f.total_energy, "nvmlDeviceGetTotalEnergyConsumption", false);
  find(f.power_usage, "nvmlDeviceGetPowerUsage", false);
  if (!f.total_energy && !f.power_usage && missing.empty()) {
    missing = "nvmlDeviceGetTotalEnergyConsumption and no nvmlDeviceGetPowerUsage";
  }
  find(f.field_values, "nvmlDeviceGetFieldValues", false);
  find(f.architecture, "nvmlDeviceGetArchitecture", false);
  find(f.card_of_instance, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", false);
  find(f.mig_mode, "nvmlDeviceGetMigMode", false);
  find(f.driver_version, "nvmlSystemGetDriverVersion", false);
  find(f.power_limit, "nvmlDeviceGetEnforcedPowerLimit", false);
  return missing;
}

std::string Library::text(const char* function, Return code) const {
  return str(function, ": ", functions_.error_string(code));
}

Library::Loaded Library::load(const std::string& path) {
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* const why = dlerror();
    return {.library = nullptr, .status = Status::absent, .reason = why ? why : path};
  }
  const std::shared_ptr<Library> library(new Library(handle));
  const std::string missing = library->resolve();
  if (!missing.empty()) {
    return {.library = nullptr,
            .status = Status::absent,
            .reason = str(path, " has no ", missing, ": the driver is too old")};
  }
  const Return code = library->call().init();
  if (code != kSuccess) {
    Status status = Status::failed;
    if (code == kDriverNotLoaded) status = Status::absent;
    if (code == kNoPermission) status = Status::denied;
    return {.library = nullptr, .status = status, .reason = library->text("nvmlInit_v2", code)};
  }
  library->initialised_ = true;
  return {.library = library, .status = Status::ok, .reason = {}};
}

Library::~Library() {
  if (initialised_) functions_.shutdown();
  dlclose(handle_);
}

}  // namespace joule::energy::nvml
