// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>

#include "joule/tests/simt/arena.h"
#include "joule/tests/simt/pinned.h"
#include "joule/tests/simt/runtime.h"
#include "joule/tests/simt/stream.h"

namespace joule::simt {
namespace {

std::map<const std::byte*, std::size_t>& pinned() {
  static auto* const all = new std::map<const std::byte*, std::size_t>;
  return *all;
}

cudaMemPool_t pool() {
  static char the_pool;
  return reinterpret_cast<cudaMemPool_t>(&the_pool);
}
std::uint64_t release_threshold = 0;

/// Whether the kind calls this end of a copy the device's.
bool on_device(const void* pointer, cudaMemcpyKind kind, bool is_source) {
  if (kind == cudaMemcpyDefault) return Arena::instance().contains(pointer);
  return kind == cudaMemcpyDeviceToDevice ||
         kind == (is_source ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice);
}

cudaError_t check_kind(const void* to, const void* from, cudaMemcpyKind kind) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault)
    return cudaErrorInvalidMemcpyDirection;
  const Arena& arena = Arena::instance();
  const bool agrees = arena.contains(to) == on_device(to, kind, false) &&
                      arena.contains(from) == on_device(from, kind, true);
  return agrees && to && from ? cudaSuccess : cudaErrorInvalidValue;
}

bool is_valid(const void* pointer, std::size_t bytes) {
  const Arena& arena = Arena::instance();
  return !arena.contains(pointer) || arena.is_allocated(pointer, bytes);
}

cudaError_t copy(void* to, const void* from, std::size_t bytes) {
  if (!is_valid(to, bytes) || !is_valid(from, bytes)) return cudaErrorInvalidValue;
  const DeviceAccess access;
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

/// As late as CUDA may: not before the next call, because a host that goes on at once may change or
/// free what it has not been told is read.
cudaError_t copy_late(void* to, const void* from, std::size_t bytes) {
  if (!is_valid(to, bytes)) return cudaErrorInvalidValue;
  Runtime::instance().late_copy = [=] { copy(to, from, bytes); };
  return cudaSuccess;
}

cudaError_t fill(void* pointer, int value, std::size_t bytes) {
  if (!Arena::instance().is_allocated(pointer, bytes)) return cudaErrorInvalidValue;
  const DeviceAccess access;
  std::memset(pointer, value, bytes);
  return cudaSuccess;
}

cudaError_t allocate(void** pointer, std::size_t bytes) {
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  *pointer = Arena::instance().allocate(bytes);
  return *pointer ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t release(void* pointer) {
  return !pointer || Arena::instance().release(pointer) ? cudaSuccess : cudaErrorInvalidValue;
}

/// The graph's own memory: an address now, allocated whenever the graph is launched.
cudaError_t allocate_in_graph(void** pointer, std::size_t bytes, cudaStream_t stream,
                              Graph& graph) {
  Arena& arena = Arena::instance();
  void* const reserved = bytes ? arena.reserve(bytes) : nullptr;
  *pointer = reserved;
  if (!reserved) return bytes ? cudaErrorMemoryAllocation : cudaSuccess;
  graph.memory.push_back(reserved);
  return submit(stream, [reserved] {
    switch (Arena::instance().activate(reserved)) {
      case Arena::Activation::kDone:
        return cudaSuccess;
      case Arena::Activation::kIsActive:
        return cudaErrorInvalidValue;  // the graph is launched again before its memory was freed
      case Arena::Activation::kOutOfMemory:
        break;
    }
    return cudaErrorMemoryAllocation;
  });
}

cudaError_t allocate_pinned(void** pointer, std::size_t bytes) {
  if (!pointer) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (const cudaError_t error = forbid_during_capture()) return error;
  if (bytes == 0) return cudaSuccess;
  if (posix_memalign(pointer, 256, bytes) != 0) return cudaErrorMemoryAllocation;
  std::memset(*pointer, 0xFF, bytes);
  pinned()[static_cast<std::byte*>(*pointer)] = bytes;
  return cudaSuccess;
}

}  // namespace

bool is_pinned(const void* pointer) {
  const auto* const address = static_cast<const std::byte*>(pointer);
  const auto after = pinned().upper_bound(address);
  if (after == pinned().begin()) return false;
  const auto& [begin, bytes] = *std::prev(after);
  return address < begin + bytes;
}

void free_pinned() {
  for (const auto& [begin, bytes] : pinned()) std::free(const_cast<std::byte*>(begin));
  pinned().clear();
}

}  // namespace joule::simt

using namespace joule::simt;

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return call(__func__, [&] {
    if (!pointer) return cudaErrorInvalidValue;
    if (const cudaError_t error = forbid_during_capture()) return error;
    return allocate(pointer, bytes);
  });
}
cudaError_t cudaFree(void* pointer) {
  return call(__func__, [&] {
    if (const cudaError_t error = forbid_during_capture()) return error;
    return release(pointer);
  });
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t handle) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (!pointer) return cudaErrorInvalidValue;
    if (stream->capture) return allocate_in_graph(pointer, bytes, handle, *stream->capture->graph);
    return allocate(pointer, bytes);
  });
}
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t handle) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream->capture) {
      const auto& memory = stream->capture->graph->memory;
      if (std::find(memory.begin(), memory.end(), pointer) == memory.end())
        return invalidate(*stream->capture, cudaErrorInvalidValue);
    }
    return submit(handle, [pointer] { return release(pointer); });
  });
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return call(__func__, [&] { return allocate_pinned(pointer, bytes); });
}
cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned flags) {
  return call(__func__, [&] {
    constexpr unsigned known =
        cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
    return flags & ~known ? cudaErrorInvalidValue : allocate_pinned(pointer, bytes);
  });
}
cudaError_t cudaFreeHost(void* pointer) {
  return call(__func__, [&] {
    if (const cudaError_t error = forbid_during_capture()) return error;
    if (!pointer) return cudaSuccess;
    if (!pinned().erase(static_cast<std::byte*>(pointer))) return cudaErrorInvalidValue;
    std::free(pointer);
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return call(__func__, [&] {
    if (const cudaError_t error = forbid_during_capture()) return error;
    if (bytes == 0) return cudaSuccess;
    if (const cudaError_t error = check_kind(to, from, kind)) return error;
    return submit(nullptr, [=] { return copy(to, from, bytes); });
  });
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return call(__func__, [&] {
    if (bytes == 0) return cudaSuccess;
    if (const cudaError_t error = check_kind(to, from, kind)) return error;
    const Arena& arena = Arena::instance();
    const bool from_host = arena.contains(to) && !arena.contains(from);
    return submit(stream, [=] { return (from_host ? copy_late : copy)(to, from, bytes); });
  });
}

cudaError_t cudaMemset(void* pointer, int value, std::size_t bytes) {
  return call(__func__, [&] {
    if (bytes == 0) return cudaSuccess;
    return submit(nullptr, [=] { return fill(pointer, value, bytes); });
  });
}
cudaError_t cudaMemsetAsync(void* pointer, int value, std::size_t bytes, cudaStream_t stream) {
  return call(__func__, [&] {
    if (bytes == 0) return cudaSuccess;
    if (!Arena::instance().contains(pointer)) return cudaErrorInvalidValue;
    return submit(stream, [=] { return fill(pointer, value, bytes); });
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return call(__func__, [&] {
    if (!free || !total) return cudaErrorInvalidValue;
    const Arena& arena = Arena::instance();
    *total = arena.total_bytes();
    *free = *total - std::min(*total, arena.allocated_bytes());
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return call(__func__, [&] {
    if (!attributes) return cudaErrorInvalidValue;
    void* const address = const_cast<void*>(pointer);
    if (Arena::instance().allocation_of(pointer))
      *attributes = {cudaMemoryTypeDevice, 0, address, nullptr};
    else if (is_pinned(pointer))
      *attributes = {cudaMemoryTypeHost, 0, address, address};
    else
      *attributes = {cudaMemoryTypeUnregistered, -2, nullptr, address};
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* memory_pool, int device) {
  return call(__func__, [&] {
    if (device != 0) return cudaErrorInvalidDevice;
    if (!memory_pool) return cudaErrorInvalidValue;
    *memory_pool = pool();
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t memory_pool, cudaMemPoolAttr attribute,
                                    void* value) {
  return call(__func__, [&] {
    if (memory_pool != pool() || attribute != cudaMemPoolAttrReleaseThreshold || !value)
      return cudaErrorInvalidValue;
    std::memcpy(&release_threshold, value, sizeof release_threshold);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t memory_pool, cudaMemPoolAttr attribute,
                                    void* value) {
  return call(__func__, [&] {
    if (memory_pool != pool() || !value) return cudaErrorInvalidValue;
    const Arena& arena = Arena::instance();
    std::uint64_t answer = 0;
    switch (attribute) {
      case cudaMemPoolAttrReleaseThreshold:
        answer = release_threshold;
        break;
      case cudaMemPoolAttrReservedMemCurrent:
      case cudaMemPoolAttrUsedMemCurrent:
        answer = arena.allocated_bytes();
        break;
      case cudaMemPoolAttrReservedMemHigh:
      case cudaMemPoolAttrUsedMemHigh:
        answer = arena.peak_bytes();
        break;
    }
    std::memcpy(value, &answer, sizeof answer);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t memory_pool, std::size_t) {
  return call(__func__,
              [&] { return memory_pool == pool() ? cudaSuccess : cudaErrorInvalidValue; });
}
