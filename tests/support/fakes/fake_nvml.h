// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// What the libnvidia-ml.so.1 of the tests shows, and how it misbehaves.  It has two GPUs.
namespace joule::test {

struct FakeNvml {
  int init_code = 0;
  int init_ms = 0;  // how long nvmlInit_v2 takes
  unsigned count = 2;
  int device_code[2] = {};  // of everything that is asked of the GPU
  int energy_code[2] = {};  // of its energy counter only
  int power_code = 0;       // of the instant power: of the field, the call succeeds
  int usage_code = 0;       // of nvmlDeviceGetPowerUsage
  int architecture = 0;     // 0: it does not say
  std::uint64_t millijoules[2] = {};
  unsigned milliwatts[2] = {};
  unsigned mig[2] = {};
  int mig_code = 3;               // not supported, as on most GPUs
  bool instances = true;          // the second GPU has a MIG instance, MIG-33333333-3333
  const char* driver = nullptr;   // its version; null: it does not say
  const char* name = nullptr;     // of both GPUs; null: Fake 0, Fake 1
  unsigned limit_milliwatts = 0;  // 0: it does not say
  // Counted by the library.
  int inits = 0, shutdowns = 0, energy_reads = 0, power_reads = 0, usage_reads = 0;
};

}  // namespace joule::test

/// The state of the loaded library; `fake_nvml` is the name to look up.
extern "C" joule::test::FakeNvml* fake_nvml();
