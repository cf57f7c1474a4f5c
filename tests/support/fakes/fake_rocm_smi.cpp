// SPDX-License-Identifier: MIT
//
// A librocm_smi64.so for the tests.  Tests in the same process set what it shows through
// fake_rocm_smi(); for a program that is started by a test, FAKE_ROCM_WATTS makes all counters grow
// with the monotonic clock, every millisecond.  Compiled with OLD_LIBRARY it cannot tell energy.
#include "joule/tests/support/fakes/fake_rocm_smi.h"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

joule::test::FakeRocmSmi state;

constexpr std::uint32_t kOk = 0, kArguments = 1, kNotSupported = 2;

[[maybe_unused]] std::uint64_t ticks_of(std::uint32_t device) {
  const char* const watts = std::getenv("FAKE_ROCM_WATTS");
  if (!watts) return state.ticks[device];
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return static_cast<std::uint64_t>(static_cast<double>(ms) * std::atof(watts) * 65.536);
}

}  // namespace

extern "C" {

joule::test::FakeRocmSmi* fake_rocm_smi() { return &state; }

std::uint32_t rsmi_init(std::uint64_t) {
  ++state.inits;
  return state.init_code;
}
std::uint32_t rsmi_shut_down() {
  ++state.shut_downs;
  return kOk;
}
std::uint32_t rsmi_status_string(std::uint32_t code, const char** text) {
  switch (code) {
    case kNotSupported:
      *text = "not supported";
      return kOk;
    case 4:
      *text = "permission denied";
      return kOk;
    case 8:
      *text = "not initialised";
      return kOk;
    case 16:
      *text = "busy";
      return kOk;
    default:
      return kArguments;
  }
}
std::uint32_t rsmi_num_monitor_devices(std::uint32_t* count) {
  *count = state.count;
  return state.count_code;
}
std::uint32_t rsmi_dev_name_get(std::uint32_t, char* name, std::size_t size) {
  if (!state.name) return kNotSupported;
  std::snprintf(name, size, "%s", state.name);
  return kOk;
}
std::uint32_t rsmi_dev_pci_id_get(std::uint32_t device, std::uint64_t* id) {
  *id = state.pci_id[device];
  return state.pci_code[device];
}
#ifndef OLD_LIBRARY
std::uint32_t rsmi_dev_energy_count_get(std::uint32_t device, std::uint64_t* ticks,
                                        float* microjoules, std::uint64_t* ns) {
  *ticks = ticks_of(device);
  *microjoules = state.microjoules;
  *ns = 0;
  return state.energy_code[device];
}
std::uint32_t rsmi_dev_power_cap_get(std::uint32_t, std::uint32_t, std::uint64_t* microwatts) {
  *microwatts = state.cap_microwatts;
  return state.cap_microwatts ? kOk : kNotSupported;
}
std::uint32_t rsmi_version_str_get(std::uint32_t component, char* text, std::uint32_t size) {
  if (component != 0 || !state.driver) return kNotSupported;
  std::snprintf(text, size, "%s", state.driver);
  return kOk;
}
#endif

}  // extern "C"
