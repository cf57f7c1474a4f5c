// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "joule/core/cuda/runtime.h"

namespace joule::cuda {

/// Slots in device memory for the counts of the tallies in use.  Not thread-safe.
class TallySlots {
 public:
  explicit TallySlots(cudaStream_t stream) : stream_(stream) {}
  ~TallySlots();
  TallySlots(const TallySlots&) = delete;
  TallySlots& operator=(const TallySlots&) = delete;

  /// Where to count for `tally`; zeros at first.
  DeviceTally* slot(Tally* tally);
  /// Makes room for `tallies` of them; up to that number, slot() queues nothing.
  void reserve(std::size_t tallies);
  /// Adds the counts to the tallies, which keep their slots; waits for the stream.
  void collect();
  /// Adds the counts to the tallies and frees their slots; waits for the stream.
  void settle();

 private:
  static constexpr std::size_t kSlotsPerChunk = 1024;
  cudaStream_t stream_;
  std::vector<DeviceTally*> chunks_;
  std::vector<Tally*> tallies_;  // entry i has slot i % kSlotsPerChunk of chunk i / kSlotsPerChunk
  std::unordered_map<Tally*, std::size_t> index_;
};

}  // namespace joule::cuda
