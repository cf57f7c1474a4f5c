// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>

#include "joule/tests/simt/arena.h"
#include "joule/tests/simt/queue.h"
#include "joule/tests/simt/runtime.h"
#include "joule/tests/simt/sanitizer.h"
#include "joule/tests/simt/stream.h"

namespace joule::simt {
namespace {

struct Pinned {
  std::size_t bytes;
  std::uint64_t number;  // of all that were ever allocated
};

std::map<const std::byte*, Pinned>& pinned() {
  static auto* const all = new std::map<const std::byte*, Pinned>;
  return *all;
}
std::uint64_t pinned_so_far = 0;

/// The number of the pinned allocation that holds the address; 0 if none does.
std::uint64_t pinned_number(const void* pointer) {
  const auto* const address = static_cast<const std::byte*>(pointer);
  const auto after = pinned().upper_bound(address);
  if (after == pinned().begin()) return 0;
  const auto& [begin, allocation] = *std::prev(after);
  return address < begin + allocation.bytes ? allocation.number : 0;
}

void free_memory(const std::byte* begin, std::size_t bytes) {
  unpoison(begin, bytes);  // copies to it may not have run
  std::free(const_cast<std::byte*>(begin));
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

/// Whether the host may name these bytes now.
bool is_valid(const void* pointer, std::size_t bytes) {
  const Arena& arena = Arena::instance();
  return !arena.contains(pointer) || arena.is_allocated(pointer, bytes);
}

/// One end of a copy or a memset, when its turn comes.
struct End {
  const void* pointer;
  std::size_t bytes;
  std::uint64_t pinned = pinned_number(pointer);  // when it was asked for

  /// Why it cannot be accessed, or null.
  const char* fault() const {
    const Arena& arena = Arena::instance();
    if (arena.contains(pointer) && !arena.is_there(pointer, bytes))
      return "device memory that is not allocated when the stream comes to it";
    if (pinned != pinned_number(pointer)) return "pinned memory that has been freed meanwhile";
    return nullptr;
  }
  /// Whether it can be accessed ("copy to"); if not, the device has failed.
  bool check(const char* access) const {
    const char* const why = fault();
    if (why)
      fail_device(cudaErrorIllegalAddress,
                  fmt::format("{} {} ({} bytes), which is {}", access, pointer, bytes, why));
    return !why;
  }
};

Task copy_task(void* to, const void* from, std::size_t bytes) {
  const End target{to, bytes}, source{from, bytes};
  Task task{.type = cudaGraphNodeTypeMemcpy, .run = [=] {
              if (target.check("copy to") && source.check("copy from"))
                std::memcpy(to, from, bytes);
            }};
  if (target.pinned) task.lands = {static_cast<std::byte*>(to), bytes};
  return task;
}

Task fill_task(void* pointer, int value, std::size_t bytes) {
  return {.type = cudaGraphNodeTypeMemset, .run = [=, end = End{pointer, bytes}] {
            if (end.check("memset of")) std::memset(pointer, value, bytes);
          }};
}

Task appear_task(void* pointer) {
  return {.type = cudaGraphNodeTypeMemAlloc, .run = [pointer] {
            if (Arena::instance().is_there(pointer, 0))
              return fail_device(cudaErrorIllegalAddress,
                                 fmt::format("cudaMallocAsync: {} is in use already", pointer));
            Arena::instance().appear(pointer);
          }};
}

Task vanish_task(void* pointer, std::size_t bytes) {
  return {.type = cudaGraphNodeTypeMemFree,
          .run =
              [=] {
                if (End{pointer, 0}.check("free of")) Arena::instance().vanish(pointer);
              },
          .frees = bytes};
}

/// On a stream that captures, what the host may name is not known before the graph runs.
bool captures(cudaStream_t stream) {
  const CUstream_st* const found = find_stream(stream);
  return found && found->capture;
}

cudaError_t fill(void* pointer, int value, std::size_t bytes, cudaStream_t stream) {
  const Arena& arena = Arena::instance();
  if (captures(stream) ? !arena.contains(pointer) : !arena.is_allocated(pointer, bytes))
    return cudaErrorInvalidValue;
  return submit(stream, fill_task(pointer, value, bytes));
}

cudaError_t allocate(void** pointer, std::size_t bytes) {
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  *pointer = Arena::instance().allocate(bytes);
  return *pointer ? cudaSuccess : cudaErrorMemoryAllocation;
}

/// The graph's own memory: an address now, allocated whenever the graph is launched.
cudaError_t allocate_in_graph(void** pointer, std::size_t bytes, cudaStream_t stream,
                              GraphMemory& memory) {
  void* const reserved = bytes ? Arena::instance().reserve(bytes) : nullptr;
  *pointer = reserved;
  if (!reserved) return bytes ? cudaErrorMemoryAllocation : cudaSuccess;
  memory.allocated.push_back(reserved);
  return submit(stream, appear_task(reserved));
}

cudaError_t free_in_graph(void* pointer, cudaStream_t stream, Capture& capture) {
  GraphMemory& memory = *capture.graph->memory;
  if (std::ranges::find(memory.allocated, pointer) == memory.allocated.end())
    return invalidate(capture, cudaErrorInvalidValue);
  memory.freed.push_back(pointer);
  return submit(stream, vanish_task(pointer, 0));
}

cudaError_t allocate_pinned(void** pointer, std::size_t bytes) {
  if (!pointer) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (const cudaError_t error = forbid_during_capture()) return error;
  if (bytes == 0) return cudaSuccess;
  if (posix_memalign(pointer, 256, bytes) != 0) return cudaErrorMemoryAllocation;
  std::memset(*pointer, 0xFF, bytes);
  pinned()[static_cast<std::byte*>(*pointer)] = {bytes, ++pinned_so_far};
  return cudaSuccess;
}

}  // namespace

void free_pinned() {
  for (const auto& [begin, allocation] : pinned()) free_memory(begin, allocation.bytes);
  pinned().clear();
}

}  // namespace joule::simt

using namespace joule::simt;

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return call(__func__, [&] {
    if (!pointer) return cudaErrorInvalidValue;
    if (const cudaError_t error = forbid_during_capture()) return error;
    const cudaError_t error = allocate(pointer, bytes);
    if (*pointer) Arena::instance().appear(*pointer);
    return error;
  });
}
cudaError_t cudaFree(void* pointer) {
  return call(__func__, [&] {
    if (const cudaError_t error = forbid_during_capture()) return error;
    if (!pointer) return cudaSuccess;
    Scheduler::instance().run_all();
    if (Runtime::instance().sticky) return Runtime::instance().sticky;
    if (!Arena::instance().release(pointer)) return cudaErrorInvalidValue;
    Arena::instance().vanish(pointer);
    return cudaSuccess;
  });
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t handle) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (!pointer) return cudaErrorInvalidValue;
    if (stream->capture)
      return allocate_in_graph(pointer, bytes, handle, *stream->capture->graph->memory);
    const cudaError_t error = allocate(pointer, bytes);
    return *pointer ? submit(handle, appear_task(*pointer)) : error;
  });
}
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t handle) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream->capture) return free_in_graph(pointer, handle, *stream->capture);
    if (!pointer) return cudaSuccess;
    const std::size_t bytes = Arena::instance().bytes_of(pointer);
    if (!Arena::instance().release(pointer)) return cudaErrorInvalidValue;
    return submit(handle, vanish_task(pointer, bytes));
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
    const auto found = pinned().find(static_cast<std::byte*>(pointer));
    if (found == pinned().end()) return cudaErrorInvalidValue;
    free_memory(found->first, found->second.bytes);
    pinned().erase(found);
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return call(__func__, [&] {
    if (const cudaError_t error = forbid_during_capture()) return error;
    if (bytes == 0) return cudaSuccess;
    if (const cudaError_t error = check_kind(to, from, kind)) return error;
    if (!is_valid(to, bytes) || !is_valid(from, bytes)) return cudaErrorInvalidValue;
    const Arena& arena = Arena::instance();
    if (arena.contains(to) && arena.contains(from))  // the host does not wait for these
      return submit(nullptr, copy_task(to, from, bytes));
    return submit_and_wait(nullptr, copy_task(to, from, bytes));
  });
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return call(__func__, [&] {
    if (bytes == 0) return cudaSuccess;
    if (const cudaError_t error = check_kind(to, from, kind)) return error;
    if (captures(stream)) return submit(stream, copy_task(to, from, bytes));
    if (!is_valid(to, bytes) || !is_valid(from, bytes)) return cudaErrorInvalidValue;
    // CUDA promises to wait for copies to memory of the host that is not pinned, and within it.
    const Arena& arena = Arena::instance();
    const bool waits = !arena.contains(to) && (!arena.contains(from) || !pinned_number(to));
    return (waits ? submit_and_wait : submit)(stream, copy_task(to, from, bytes));
  });
}

cudaError_t cudaMemset(void* pointer, int value, std::size_t bytes) {
  return call(__func__, [&] { return bytes ? fill(pointer, value, bytes, nullptr) : cudaSuccess; });
}
cudaError_t cudaMemsetAsync(void* pointer, int value, std::size_t bytes, cudaStream_t stream) {
  return call(__func__, [&] { return bytes ? fill(pointer, value, bytes, stream) : cudaSuccess; });
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
    else if (pinned_number(pointer))
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
