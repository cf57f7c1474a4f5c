// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <string>

// What tests ask of the executor beyond CUDA.
namespace simt {

/// As at the start of the program: one device with 2 GiB, no error, no memory allocated, no stream,
/// event or graph; nothing injected.  Pointers and handles from before are invalid.
void reset();

/// What was wrong with the kernel or copy that failed last; "" if none did since reset().
std::string last_report();

/// Shuffles threads, blocks and the work of streams by the seed (0 at the start, or the
/// environment's JOULE_SIMT_SEED), or takes threads and blocks in ascending order and work as it
/// was put on the streams (JOULE_SIMT_SEED=ascending).  For threads and blocks, every launch starts
/// the sequence again.
void set_seed(std::uint64_t seed);
void set_ascending_order();

/// Whether what is put on a stream is done at once: at the start if the environment's
/// JOULE_SIMT_STREAMS is "immediate", and not "deferred" as without it.
void set_immediate(bool immediate);

/// Device memory that is allocated, if all that streams have to do were done, and the size of the
/// device's memory.
std::size_t allocated_bytes();
void set_memory_bytes(std::size_t bytes);

/// How many blocks the last launch had.
std::size_t last_blocks();

/// How many nodes the graph had that was launched last.
std::size_t last_nodes();

/// Whether host code that touches device memory ends with SIGSEGV (it does at the start).
void set_guard(bool guard);

/// 0: every call returns cudaErrorNoDevice.
void set_device_count(int count);

/// After `calls` more calls of the function ("cudaMallocAsync"; of launches "cudaLaunchKernelEx"),
/// one returns the error and does nothing.
void fail(const std::string& function, cudaError_t error, int calls = 0);

/// From now on every call returns the error, until reset().
void lose_device(cudaError_t error = cudaErrorECCUncorrectable);

}  // namespace simt
