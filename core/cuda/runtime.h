// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "joule/core/work.h"

namespace joule::cuda {

/// A Tally's counts in device memory; kernels add to them with atomicAdd.
struct DeviceTally {
  unsigned long long macs_skippable;
  unsigned long long macs_skipped;
  unsigned long long values_in;
  unsigned long long values_in_nonzero;
};

/// The stream on which Joule's work is queued.
///
/// Errors    DeviceError if there is no device.
cudaStream_t stream();

/// The number of multiprocessors of the device.
int multiprocessors();
/// The device's compute capability: 90 for 9.0.
int compute_capability();
/// The shared memory in bytes that a block can ask for (see launch()), static variables included.
std::size_t shared_bytes_per_block();

/// Where kernels add their counts for `tally`; null if that is null.  settle_tallies() moves the
/// counts to `tally`; until then, the same tally has the same address.
///
/// Cost      one look-up; does not synchronise.
DeviceTally* device_tally(Tally* tally);

/// During a capture: the device address of the number that kernels must add to their Philox
/// counters, so that every replay draws new numbers.  Otherwise null.
const std::uint64_t* random_shift();

}  // namespace joule::cuda
