// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "joule/energy/meter.h"

// NVIDIA's management library, loaded when it is wanted.  Its header is not part of the CUDA
// toolkit, so these are declarations of our own; the layouts are those of its binary interface.
namespace joule::energy::nvml {

using Return = int;
inline constexpr Return kSuccess = 0, kNotSupported = 3, kNoPermission = 4, kNotFound = 6,
                        kDriverNotLoaded = 9, kGpuIsLost = 15, kResetRequired = 16;
/// Whether a GPU that answered so will answer nothing else any more.
constexpr bool is_final(Return code) {
  return code == kNotSupported || code == kNoPermission || code == kNotFound ||
         code == kDriverNotLoaded || code == kGpuIsLost || code == kResetRequired;
}

struct DeviceOpaque;
using Device = DeviceOpaque*;

inline constexpr unsigned kTextSize = 96;  // of the buffers for names and UUIDs

struct FieldValue {
  std::uint32_t field;
  std::uint32_t scope;
  std::int64_t timestamp;  // wall clock, us
  std::int64_t latency;    // us
  std::int32_t type;       // of value
  Return status;
  union {
    double d;
    std::uint32_t u;
    std::uint64_t ull;
  } value;
};
static_assert(sizeof(FieldValue) == 40 && alignof(FieldValue) == 8);
static_assert(offsetof(FieldValue, scope) == 4 && offsetof(FieldValue, timestamp) == 8);
static_assert(offsetof(FieldValue, latency) == 16 && offsetof(FieldValue, type) == 24);
static_assert(offsetof(FieldValue, status) == 28 && offsetof(FieldValue, value) == 32);
inline constexpr std::uint32_t kPowerInstant = 186;  // mW; from NVML 12.2 on
inline constexpr std::int32_t kTypeUnsigned = 1;
inline constexpr unsigned kAmpere = 7;  // of the architectures

struct PciInfo {
  char legacy_bus_id[16];
  std::uint32_t domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
static_assert(sizeof(PciInfo) == 68 && offsetof(PciInfo, bus_id) == 36);

/// The functions that are used.  Those that an old driver may lack are null then.
struct Functions {
  Return (*init)();
  Return (*shutdown)();
  const char* (*error_string)(Return);
  Return (*device_count)(unsigned*);
  Return (*device_by_index)(unsigned, Device*);
  Return (*device_by_bus_id)(const char*, Device*);
  Return (*device_by_uuid)(const char*, Device*);
  Return (*name)(Device, char*, unsigned);
  Return (*pci_info)(Device, PciInfo*);
  // One of these two may be null, but not both.
  Return (*total_energy)(Device, unsigned long long*);  // mJ since the driver was loaded
  Return (*power_usage)(Device, unsigned*);             // mW
  // Each of the others may be null.
  Return (*field_values)(Device, int, FieldValue*);
  Return (*architecture)(Device, unsigned*);
  Return (*mig_mode)(Device, unsigned*, unsigned*);
  Return (*card_of_instance)(Device, Device*);  // of a MIG instance
  Return (*driver_version)(char*, unsigned);
  Return (*power_limit)(Device, unsigned*);  // mW, that is enforced
};

/// The loaded and initialised library; unloaded with the last pointer to it.
class Library {
 public:
  struct Loaded {
    std::shared_ptr<Library> library;  // null if it cannot be used:
    Status status = Status::ok;
    std::string reason;
  };
  static Loaded load(const std::string& path);

  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const Functions& call() const { return functions_; }
  /// "nvmlInit_v2: Driver Not Loaded".
  std::string text(const char* function, Return code) const;

 private:
  explicit Library(void* handle) : handle_(handle) {}
  std::string resolve();  // the name of what is missing; empty if nothing is

  void* handle_;
  bool initialised_ = false;
  Functions functions_{};
};

}  // namespace joule::energy::nvml
