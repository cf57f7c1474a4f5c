// SPDX-License-Identifier: MIT
//
// All readers in one program under libFuzzer: JOULE_FUZZ names the one that runs.  Its seeds are
// written to the folder that JOULE_FUZZ_SEEDS names, which is then given as libFuzzer's corpus.
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "joule/tests/fuzz/reader.h"

namespace {

const joule::fuzz::Reader* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* const name = std::getenv("JOULE_FUZZ");
  for (const auto* reader : joule::fuzz::readers()) {
    if (name && reader->name == name) chosen = reader;
    if (!name) std::cout << reader->name << '\n';  // scripts/fuzz.sh runs them all
  }
  if (!name) std::exit(0);
  if (!chosen) {
    std::cerr << "JOULE_FUZZ: there is no reader '" << name << "'\n";
    std::exit(2);
  }
  if (const char* const folder = std::getenv("JOULE_FUZZ_SEEDS")) {
    int number = 0;
    for (const std::string& seed : chosen->seeds()) {
      std::ofstream(std::string(folder) + "/seed" + std::to_string(number++), std::ios::binary)
          << seed;
    }
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->read({reinterpret_cast<const char*>(data), size});
  return 0;
}
