// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// What the librocm_smi64.so of the tests shows, and how it misbehaves.
namespace joule::test {

struct FakeRocmSmi {
  std::uint32_t init_code = 0, count_code = 0;
  std::uint32_t count = 2;
  std::uint64_t pci_id[4] = {0xc100, 0x1'0000'2308, 0, 0};  // 0000:c1:00.0, 0001:23:01.0
  const char* name = "AMD Instinct MI210";
  std::uint32_t pci_code[4] = {}, energy_code[4] = {};
  std::uint64_t ticks[4] = {1, 1, 1, 1};
  float microjoules = 15.3F;         // of a tick
  std::uint64_t cap_microwatts = 0;  // 0: it does not say
  const char* driver = nullptr;      // its version; null: it does not say
  // Counted by the library.
  int inits = 0, shut_downs = 0;
};

}  // namespace joule::test

/// The state of the loaded library; `fake_rocm_smi` is the name to look up.
extern "C" joule::test::FakeRocmSmi* fake_rocm_smi();
