// SPDX-License-Identifier: MIT
//
// A libnvidia-ml.so.1 for the tests.  Tests in the same process set what it shows through
// fake_nvml(); for a program that is started by a test, FAKE_NVML_WATTS makes both counters grow
// with the monotonic clock, in steps of FAKE_NVML_PERIOD_MS (100), and both GPUs are lost once the
// file FAKE_NVML_LOST_WITH exists.  With FAKE_NVML_NO_COUNTER they are cards of Pascal: no energy
// counter, and a power that is a milliwatt more in every other step.  With FAKE_NVML_MIG both are
// split into instances.  With FAKE_NVML_DENIED the first's counter is not for this user.  Compiled
// with OLD_DRIVER it lacks the functions that old drivers lack.
#include "joule/tests/support/fakes/fake_nvml.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

namespace {

using joule::test::FakeNvml;

FakeNvml state;

constexpr int kOk = 0, kArgument = 2, kNotSupported = 3, kNotFound = 6, kLost = 15;
constexpr const char* kBusIds[] = {"00000000:17:00.0", "00000000:65:00.0"};
constexpr const char* kUuids[] = {"GPU-11111111-1111", "GPU-22222222-2222"};
constexpr const char* kInstance = "MIG-33333333-3333";  // of the second GPU
constexpr unsigned kInstanceIndex = 2;
[[maybe_unused]] constexpr unsigned kPascal = 4;

// A device is a pointer that only the library understands.
void* device_of(unsigned index) { return reinterpret_cast<char*>(&state) + 1 + index; }
unsigned index_of(void* device) {
  return static_cast<unsigned>(static_cast<char*>(device) - reinterpret_cast<char*>(&state) - 1);
}

/// What was asked for by the environment, not by a test in this process.
[[maybe_unused]] bool asked(const char* variable) { return std::getenv(variable) != nullptr; }

std::int64_t step_ms() {
  const char* const period = std::getenv("FAKE_NVML_PERIOD_MS");
  return period ? std::atoi(period) : 100;
}
std::int64_t steps() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count() / step_ms();
}

// The functions that call these are not in OLD_DRIVER.
[[maybe_unused]] std::uint64_t energy_of(unsigned index) {
  const char* const watts = std::getenv("FAKE_NVML_WATTS");
  if (!watts) return state.millijoules[index];
  return static_cast<std::uint64_t>(steps() * step_ms() * std::atoi(watts));
}
[[maybe_unused]] unsigned power_of(unsigned index) {
  const char* const watts = std::getenv("FAKE_NVML_WATTS");
  if (!watts) return state.milliwatts[index];
  return static_cast<unsigned>(1000 * std::atoi(watts) + steps() % 2);
}

[[maybe_unused]] bool is_lost() {
  const char* const path = std::getenv("FAKE_NVML_LOST_WITH");
  return path && std::filesystem::exists(path);
}

struct Field {
  std::uint32_t field, scope;
  std::int64_t timestamp, latency;
  std::int32_t type, status;
  std::uint64_t value;
};

struct Pci {
  char legacy[16];
  std::uint32_t numbers[5];
  char bus_id[32];
};

int find(const char* wanted, const char* const* names, std::size_t skip, void** device) {
  for (unsigned i = 0; i < state.count; ++i) {
    if (std::strcmp(wanted, names[i] + skip) == 0 || std::strcmp(wanted, names[i]) == 0) {
      *device = device_of(i);
      return state.device_code[i];
    }
  }
  return kNotFound;
}

}  // namespace

extern "C" {

FakeNvml* fake_nvml() { return &state; }

int nvmlInit_v2() {
  std::this_thread::sleep_for(std::chrono::milliseconds(state.init_ms));
  ++state.inits;
  return state.init_code;
}
int nvmlShutdown() {
  ++state.shutdowns;
  return kOk;
}
const char* nvmlErrorString(int code) {
  switch (code) {
    case kOk:
      return "Success";
    case kNotSupported:
      return "Not Supported";
    case 4:
      return "Insufficient Permissions";
    case kNotFound:
      return "Not Found";
    case 9:
      return "Driver Not Loaded";
    case kLost:
      return "GPU is lost";
    default:
      return "Unknown Error";
  }
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = state.count;
  return kOk;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index >= state.count) return kArgument;
  *device = device_of(index);
  return kOk;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  return find(id, kBusIds, 4, device);  // the domain may have 4 digits or 8
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  if (state.instances && std::strcmp(uuid, kInstance) == 0) {
    *device = device_of(kInstanceIndex);
    return kOk;
  }
  return find(uuid, kUuids, 0, device);
}
int nvmlDeviceGetName(void* device, char* name, unsigned size) {
  if (index_of(device) == kInstanceIndex) return kNotSupported;  // nothing is told of a part
  if (state.name) {
    std::snprintf(name, size, "%s", state.name);
  } else {
    std::snprintf(name, size, "Fake %u", index_of(device));
  }
  return state.device_code[index_of(device)];
}
int nvmlDeviceGetPciInfo_v3(void* device, Pci* pci) {
  std::snprintf(pci->bus_id, sizeof pci->bus_id, "%s", kBusIds[index_of(device)]);
  return kOk;
}
int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void* instance, void** card) {
  if (index_of(instance) != kInstanceIndex) return kArgument;
  *card = device_of(1);
  return kOk;
}
#ifndef OLD_DRIVER
int nvmlDeviceGetArchitecture(void*, unsigned* architecture) {
  *architecture = asked("FAKE_NVML_NO_COUNTER") ? kPascal : state.architecture;
  return *architecture ? kOk : kNotSupported;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  const unsigned index = index_of(device);
  ++state.usage_reads;
  if (state.device_code[index]) return state.device_code[index];
  if (is_lost()) return kLost;
  if (state.usage_code) return state.usage_code;
  *milliwatts = power_of(index);
  return kOk;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  const unsigned index = index_of(device);
  ++state.energy_reads;
  if (state.device_code[index]) return state.device_code[index];
  if (is_lost()) return kLost;
  if (asked("FAKE_NVML_NO_COUNTER")) return kNotSupported;
  if (asked("FAKE_NVML_DENIED") && index == 0) return 4;
  if (state.energy_code[index]) return state.energy_code[index];
  *millijoules = energy_of(index);
  return kOk;
}
int nvmlDeviceGetFieldValues(void* device, int count, Field* fields) {
  for (int i = 0; i < count; ++i) {
    const bool known = fields[i].field == 186 && !asked("FAKE_NVML_NO_COUNTER");
    fields[i].status = known ? state.power_code : kNotSupported;
    fields[i].type = 1;
    std::memcpy(&fields[i].value, &state.milliwatts[index_of(device)], sizeof(unsigned));
  }
  ++state.power_reads;
  return kOk;  // whatever the fields' own status
}
#endif
int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  if (std::getenv("FAKE_NVML_MIG")) {
    *current = *pending = 1;
    return kOk;
  }
  *current = *pending = state.mig[index_of(device)];
  return state.mig_code;
}
int nvmlSystemGetDriverVersion(char* version, unsigned size) {
  if (!state.driver) return kNotSupported;
  std::snprintf(version, size, "%s", state.driver);
  return kOk;
}
int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* milliwatts) {
  *milliwatts = state.limit_milliwatts;
  return state.limit_milliwatts ? kOk : kNotSupported;
}

}  // extern "C"
