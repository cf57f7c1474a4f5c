// SPDX-License-Identifier: MIT
#include "joule/energy/meters/gpu/rocm_library.h"

#include <algorithm>
#include <filesystem>

#include "joule/core/error.h"

namespace joule::energy::rocm {

Status status_of(Return code) {
  if (code == kNoPermission) return Status::denied;
  const bool absent = is_final(code) || code == kNotInitialised;
  return absent ? Status::absent : Status::failed;
}

Library::Library(const std::vector<std::string>& paths) : file_(paths) {
  Functions& f = functions_;
  file_.find(f.init, "rsmi_init");
  file_.find(f.shut_down, "rsmi_shut_down");
  file_.find(f.status_string, "rsmi_status_string");
  file_.find(f.device_count, "rsmi_num_monitor_devices");
  file_.find(f.name, "rsmi_dev_name_get");
  file_.find(f.pci_id, "rsmi_dev_pci_id_get");
  file_.find(f.energy_count, "rsmi_dev_energy_count_get");
  file_.find_if_there(f.power_cap, "rsmi_dev_power_cap_get");
  file_.find_if_there(f.version, "rsmi_version_str_get");
}

std::string Library::text(const char* function, Return code) const {
  const char* words = nullptr;
  const bool known = functions_.status_string(code, &words) == kSuccess && words;
  return str(function, ": ", known ? words : str("status ", code));
}

Library::Loaded Library::load(const std::vector<std::string>& paths) {
  const std::shared_ptr<Library> library(new Library(paths));
  if (const std::string& problem = library->file_.problem(); !problem.empty()) {
    // That none is there is said once, not of each path.
    const bool none = !paths.empty() && std::ranges::all_of(paths, [&](const std::string& path) {
      return problem.find(path + ": cannot open shared object file: No such file") !=
             std::string::npos;
    });
    return {.library = nullptr,
            .status = Status::absent,
            .reason = none
                          ? "there is no " + std::filesystem::path(paths.back()).filename().string()
                          : problem};
  }
  if (const Return code = library->call().init(0); code != kSuccess) {
    return {
        .library = nullptr, .status = status_of(code), .reason = library->text("rsmi_init", code)};
  }
  library->initialised_ = true;
  return {.library = library, .status = Status::ok, .reason = {}};
}

Library::~Library() {
  if (initialised_) functions_.shut_down();
}

}  // namespace joule::energy::rocm
