// SPDX-License-Identifier: MIT
#include "joule/core/cuda/tally_slots.h"

#include "joule/core/cuda/check.h"

namespace joule::cuda {

TallySlots::~TallySlots() {
  for (DeviceTally* const chunk : chunks_) report(cudaFree(chunk), "cudaFree");
}

DeviceTally* TallySlots::slot(Tally* tally) {
  const auto [at, added] = index_.try_emplace(tally, tallies_.size());
  if (added) {
    reserve(tallies_.size() + 1);
    tallies_.push_back(tally);
  }
  return chunks_[at->second / kSlotsPerChunk] + at->second % kSlotsPerChunk;
}

void TallySlots::reserve(std::size_t tallies) {
  while (chunks_.size() * kSlotsPerChunk < tallies) {
    DeviceTally* chunk = nullptr;
    check(cudaMalloc(&chunk, kSlotsPerChunk * sizeof(DeviceTally)), "cudaMalloc");
    chunks_.push_back(chunk);
    check(cudaMemsetAsync(chunk, 0, kSlotsPerChunk * sizeof(DeviceTally), stream_),
          "cudaMemsetAsync");
  }
}

void TallySlots::collect() {
  std::vector<DeviceTally> counts(kSlotsPerChunk);
  for (std::size_t first = 0; first < tallies_.size(); first += kSlotsPerChunk) {
    DeviceTally* const chunk = chunks_[first / kSlotsPerChunk];
    const std::size_t used = std::min(kSlotsPerChunk, tallies_.size() - first);
    check(cudaMemcpyAsync(counts.data(), chunk, used * sizeof(DeviceTally), cudaMemcpyDeviceToHost,
                          stream_),
          "cudaMemcpyAsync");
    check(cudaMemsetAsync(chunk, 0, used * sizeof(DeviceTally), stream_), "cudaMemsetAsync");
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    for (std::size_t i = 0; i < used; ++i) {
      *tallies_[first + i] +=
          {.macs_skippable = static_cast<std::int64_t>(counts[i].macs_skippable),
           .macs_skipped = static_cast<std::int64_t>(counts[i].macs_skipped),
           .values_in = static_cast<std::int64_t>(counts[i].values_in),
           .values_in_nonzero = static_cast<std::int64_t>(counts[i].values_in_nonzero)};
    }
  }
}

void TallySlots::settle() {
  collect();
  tallies_.clear();
  index_.clear();
}

}  // namespace joule::cuda
