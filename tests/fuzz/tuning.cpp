// SPDX-License-Identifier: MIT
#include "joule/core/error.h"
#include "joule/io/tuning_file.h"
#include "joule/tests/fuzz/reader.h"

namespace joule::fuzz {
namespace {

const TuningMachine kMachine{.cpu = "c", .simd = "s", .joule = "j", .onednn = "o"};

void read(std::string_view bytes) {
  try {
    load_tuning(file_in_memory(bytes), kMachine);
  } catch (const DataError&) {
    return;
  }
  const std::string merged = merge_tuning(file_in_memory(bytes), kMachine, {});
  load_tuning(file_in_memory(merged), kMachine);
}

std::vector<std::string> seeds() {
  return {R"({"format":"joule tuning","version":1,"machines":[{"cpu":"c","simd":"s","joule":"j",)"
          R"("onednn":"o","entries":[{"op":"conv2d","device":"cpu","threads":2,)"
          R"("sizes":[1,28,28,1,3,3,32,1,1,1,1,1,1,0,0,0],"densities":[0.5,0.1],)"
          R"("rows":[{"name":"cpu.skip_zero","dense_ms":2.5,"sparse_ms":[[2.0,1.0]]},)"
          R"({"name":"cpu.direct","dense_ms":2.0,"sparse_ms":[[2.0,2.0]]}]}]}]})",
          R"({"format":"joule tuning","version":1,"machines":[]})"};
}

}  // namespace

const Reader kTuning{.name = "tuning", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
