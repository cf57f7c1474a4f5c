// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "joule/core/work.h"

namespace joule::cuda {

/// What kernels count for a Tally: lies in device memory, they add with atomicAdd.
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

/// How many multiprocessors the device has.
int multiprocessors();
/// Its compute capability: 90 for 9.0.
int compute_capability();
/// How much shared memory a block can ask for (see launch()), its static variables included.
std::size_t shared_bytes_per_block();

/// Where kernels add what they count for `tally`, or null if that is null.  settle_tallies() moves
/// what has come together to `tally`.  The same tally has the same place until then.
///
/// Cost      one look-up; no synchronisation.
DeviceTally* device_tally(Tally* tally);

/// While work is captured: where its kernels find what they must add to the Philox counters that
/// they are given, so that every replay has numbers of its own.  Otherwise null.
const std::uint64_t* random_shift();

}  // namespace joule::cuda
