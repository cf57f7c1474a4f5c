// SPDX-License-Identifier: MIT
#include "joule/tests/fuzz/reader.h"

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

namespace joule::fuzz {

std::vector<const Reader*> readers() {
  return {&kCeleba,   &kCellRecords, &kCheckpoint,  &kCifar,    &kConfig,     &kCostModel,
          &kGrammar,  &kGraph,       &kGtsrb,       &kIdx,      &kIndividual, &kJpeg,
          &kJsonText, &kLists,       &kMetrics,     &kNetpbm,   &kOnnx,       &kPhenotype,
          &kPng,      &kReplay,      &kSafetensors, &kSettings, &kSpace,      &kSpent,
          &kStream,   &kTuning,      &kWindows};
}

std::string file_in_memory(std::string_view bytes) {
  static const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0 || ::ftruncate(file, 0) != 0 ||
      ::pwrite(file, bytes.data(), bytes.size(), 0) != std::ssize(bytes)) {
    throw std::runtime_error("no file in memory");
  }
  return "/proc/self/fd/" + std::to_string(file);
}

}  // namespace joule::fuzz
