// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "joule/core/backend/backends.h"
#include "joule/core/context.h"
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/graph.h"
#include "joule/core/cuda/launch.h"
#include "joule/core/cuda/live_blocks.h"
#include "joule/core/cuda/staging.h"
#include "joule/core/cuda/tally_slots.h"
#include "joule/core/cuda/timers.h"
#include "joule/core/cuda/uploads.h"

namespace joule {
namespace {

using namespace cuda;

/// One thread per element, walking on by the grid's size.
template <class Word>
__global__ void fill_elements(Word* to, std::int64_t count, Word value) {
  for (std::int64_t i = thread_index(); i < count; i += thread_count()) to[i] = value;
}

template <class Word>
void launch_fill(void* to, std::size_t count, const void* element) {
  Word value;
  std::memcpy(&value, element, sizeof value);
  const auto n = static_cast<std::int64_t>(count);
  launch(fill_elements<Word>, grid_over(n), static_cast<Word*>(to), n, value);
}

Stream make_stream() {
  int devices = 0;
  check(cudaGetDeviceCount(&devices), "cudaGetDeviceCount");
  Stream stream;
  check(cudaStreamCreateWithFlags(stream.receive(), cudaStreamNonBlocking),
        "cudaStreamCreateWithFlags");
  return stream;
}

int current_device() {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

/// Memory comes from the driver's stream-ordered pool, which keeps what is given back.
class CudaBackend final : public Backend {
 public:
  CudaBackend()
      : stream_(make_stream()),
        tallies_(stream_.get()),
        timers_(stream_.get()),
        uploads_(stream_.get()),
        copies_in_(stream_.get()) {
    const int device = current_device();
    const auto attribute = [device](cudaDeviceAttr which) {
      int value = 0;
      check(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
      return value;
    };
    multiprocessors_ = attribute(cudaDevAttrMultiProcessorCount);
    compute_capability_ = 10 * attribute(cudaDevAttrComputeCapabilityMajor) +
                          attribute(cudaDevAttrComputeCapabilityMinor);
    shared_bytes_per_block_ =
        static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));
    check(cudaDeviceGetDefaultMemPool(&pool_, device), "cudaDeviceGetDefaultMemPool");
    std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();
    check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &everything),
          "cudaMemPoolSetAttribute");
  }

  std::byte* allocate(std::size_t bytes) override {
    if (captured_) return allocate_captured(bytes);
    void* block = nullptr;
    const std::size_t size = std::max<std::size_t>(bytes, 1);
    const cudaError_t status = cudaMallocAsync(&block, size, stream_.get());
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // it has been dealt with
      throw OutOfMemory(out_of_memory(bytes));
    }
    check(status, "cudaMallocAsync");
    auto* const start = static_cast<std::byte*>(block);
    live_.add(start, size, context().scope.layer);
    return start;
  }

  void free(std::byte* block, std::size_t) noexcept override {
    if (free_in_arena(block)) return;
    if (captured_) {  // was there before: a captured call would give it back at every replay
      free_later_.push_back(block);
      return;
    }
    live_.remove(block);
    report(cudaFreeAsync(block, stream_.get()), "cudaFreeAsync");
  }

  MemoryStats memory_stats() override {
    std::uint64_t reserved = 0, used = 0;
    check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &reserved),
          "cudaMemPoolGetAttribute");
    check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &used),
          "cudaMemPoolGetAttribute");
    MemoryStats stats = live_.stats();
    stats.cached = static_cast<std::int64_t>(reserved - used);
    return stats;
  }
  void reset_peak_memory() override { live_.reset_peak(); }
  void release_cached_memory() override {
    synchronize();
    check(cudaMemPoolTrimTo(pool_, 0), "cudaMemPoolTrimTo");
  }

  void copy_in(void* to, const void* from, std::size_t bytes) override {
    require_not_capturing("copy from the host");
    const std::lock_guard lock(copies_in_mutex_);
    copies_in_.copy_in(to, from, bytes);
  }
  void copy_out(std::span<const HostCopy> copies) override {
    require_not_capturing("copy to the host");
    const std::lock_guard lock(staging_mutex_);
    std::size_t bytes = 0;
    for (const HostCopy& copy : copies) bytes += copy.bytes;
    if (bytes > kStaging) {
      for (const auto& [to, from, size] : copies) {
        copy_async(to, from, size, cudaMemcpyDeviceToHost);
      }
      return synchronize();
    }
    // Through pinned memory: a copy to any other waits by itself.
    if (!staging_) staging_ = allocate_pinned(kStaging);
    std::byte* place = staging_;
    for (const HostCopy& copy : copies) {
      copy_async(place, copy.from, copy.bytes, cudaMemcpyDeviceToHost);
      place += copy.bytes;
    }
    synchronize();
    place = staging_;
    for (const HostCopy& copy : copies) {
      std::memcpy(copy.to, place, copy.bytes);
      place += copy.bytes;
    }
  }
  std::byte* allocate_pinned(std::size_t bytes) override {
    void* block = nullptr;
    check(cudaMallocHost(&block, std::max<std::size_t>(bytes, 1)), "cudaMallocHost");
    return static_cast<std::byte*>(block);
  }
  void free_pinned(std::byte* block, std::size_t) noexcept override {
    report(cudaFreeHost(block), "cudaFreeHost");
  }
  std::int64_t copy_in_beside(void* to, const void* from, std::size_t bytes) override {
    require_not_capturing("copy from the host");
    const std::lock_guard lock(mutex_);
    return uploads_.start(to, from, bytes);
  }
  void finish(std::int64_t copy) override {
    const std::lock_guard lock(mutex_);
    uploads_.finish(copy);
  }
  void copy(void* to, const void* from, std::size_t bytes) override {
    copy_async(to, from, bytes, cudaMemcpyDeviceToDevice);
  }
  void fill(void* to, std::size_t count, const void* element, std::size_t size) override {
    const auto* const bytes = static_cast<const unsigned char*>(element);
    if (std::all_of(bytes, bytes + size, [&](unsigned char byte) { return byte == bytes[0]; })) {
      if (count == 0) return;
      check(cudaMemsetAsync(to, bytes[0], count * size, stream_.get()), "cudaMemsetAsync");
    } else if (size == sizeof(std::uint64_t)) {
      launch_fill<std::uint64_t>(to, count, element);
    } else {
      launch_fill<std::uint32_t>(to, count, element);
    }
  }

  void synchronize() override {
    require_not_capturing("wait");
    ++waits_;
    check(cudaStreamSynchronize(stream_.get()), "cudaStreamSynchronize");
  }
  std::int64_t waits() override { return waits_; }
  std::unique_ptr<DeviceGraph> capture(std::size_t operations,
                                       const std::function<void()>& work) override;
  std::uint64_t capturing() override { return captured_ ? captures_ : 0; }
  std::string bus_id() override {
    char text[32];
    check(cudaDeviceGetPCIBusId(text, sizeof text, current_device()), "cudaDeviceGetPCIBusId");
    return text;
  }
  std::int64_t start_timer() override {
    if (captured_) return captured_->start_timer();
    const std::lock_guard lock(mutex_);
    return timers_.start();
  }
  void stop_timer(std::int64_t started, Tally* tally) override {
    if (captured_) return captured_->stop_timer(started);
    const std::lock_guard lock(mutex_);
    timers_.stop(started, tally);
  }
  void settle() override {
    require_not_capturing("wait");
    const std::lock_guard lock(mutex_);
    tallies_.settle();
    timers_.settle();
    for (CapturedGraph* const graph : graphs_) graph->settle();
  }

  cudaStream_t stream() const { return stream_.get(); }
  int multiprocessors() const { return multiprocessors_; }
  int compute_capability() const { return compute_capability_; }
  std::size_t shared_bytes_per_block() const { return shared_bytes_per_block_; }
  DeviceTally* slot(Tally* tally) {
    const std::lock_guard lock(mutex_);
    return captured_ ? captured_->slot(tally) : tallies_.slot(tally);
  }
  const std::uint64_t* random_shift() { return captured_ ? captured_->shift() : nullptr; }

 private:
  static constexpr std::size_t kChunk = std::size_t{16} << 20;    // of an arena
  static constexpr std::size_t kStaging = std::size_t{64} << 10;  // more: not worth a second copy

  void require_not_capturing(const char* what) const {
    if (captured_) throw DeviceError(str("cuda: captured work cannot ", what));
  }

  std::byte* allocate_captured(std::size_t bytes) {
    Arena& arena = *captured_->arena();
    if (std::byte* const block = arena.allocate(bytes)) return block;
    // Half of what there is already: few chunks, and little of the last one is in vain.
    std::size_t size = 0;
    for (const auto& [chunk, of_chunk] : arena.chunks()) size += of_chunk / 2;
    size = (std::max({size, bytes, std::size_t{1}}) + kChunk - 1) / kChunk * kChunk;
    void* chunk = nullptr;
    const cudaError_t status = cudaMalloc(&chunk, size);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // it has been dealt with
      throw OutOfMemory(out_of_memory(size));
    }
    check(status, "cudaMalloc");
    live_.add(static_cast<std::byte*>(chunk), size, "captured steps");
    arena.add(static_cast<std::byte*>(chunk), size);
    return arena.allocate(bytes);
  }

  bool free_in_arena(std::byte* block) noexcept {
    const std::lock_guard lock(arenas_mutex_);
    const auto found = std::ranges::find_if(arenas_, [&](const auto& a) { return a->owns(block); });
    if (found == arenas_.end()) return false;
    (*found)->free(block);
    release_unused_arenas();
    return true;
  }

  /// Those that no graph uses any more.  cudaFree() waits for the device.
  void release_unused_arenas() noexcept {
    std::erase_if(arenas_, [this](const std::shared_ptr<Arena>& arena) {
      if (!arena->unused() || arena.use_count() > 1) return false;
      for (const auto& [chunk, bytes] : arena->chunks()) {
        live_.remove(chunk);
        report(cudaFree(chunk), "cudaFree");
      }
      return true;
    });
  }

  void copy_async(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    if (bytes == 0) return;
    check(cudaMemcpyAsync(to, from, bytes, kind, stream_.get()), "cudaMemcpyAsync");
  }

  std::string out_of_memory(std::size_t bytes) {
    std::size_t free_bytes = 0, total = 0;
    check(cudaMemGetInfo(&free_bytes, &total), "cudaMemGetInfo");
    const auto in_use = static_cast<std::size_t>(live_.stats().in_use);
    return str("out of memory on cuda: ", readable_bytes(bytes), " asked for, ",
               readable_bytes(in_use), " in use by tensors, ", readable_bytes(free_bytes), " of ",
               readable_bytes(total),
               " free; a smaller batch needs less. The largest: ", live_.largest(5));
  }

  Stream stream_;
  cudaMemPool_t pool_ = nullptr;
  int multiprocessors_ = 0, compute_capability_ = 0;
  std::size_t shared_bytes_per_block_ = 0;
  LiveBlocks live_;
  std::atomic<std::int64_t> waits_ = 0;
  std::mutex staging_mutex_;
  std::byte* staging_ = nullptr;  // as long as the process lives, like this
  std::mutex mutex_;              // of what follows
  TallySlots tallies_;
  Timers timers_;
  Uploads uploads_;
  std::vector<CapturedGraph*> graphs_;

  std::mutex copies_in_mutex_;
  Staging copies_in_;

  std::mutex arenas_mutex_;
  std::vector<std::shared_ptr<Arena>> arenas_;

  // Of the thread that captures.
  CapturedGraph* captured_ = nullptr;
  std::uint64_t captures_ = 0;
  std::vector<std::byte*> free_later_;
};

std::unique_ptr<DeviceGraph> CudaBackend::capture(std::size_t operations,
                                                  const std::function<void()>& work) {
  require_not_capturing("capture other work");
  const auto released = [this](CapturedGraph* graph) {
    std::erase(graphs_, graph);
    const std::lock_guard lock(arenas_mutex_);
    release_unused_arenas();
  };
  auto graph = std::make_unique<CapturedGraph>(stream_.get(), operations, mutex_, released);
  release_cached_memory();  // the graph gets memory of its own
  {
    const std::lock_guard lock(arenas_mutex_);
    arenas_.push_back(graph->arena());
  }
  captured_ = graph.get();
  ++captures_;
  const auto end = [this] {
    captured_ = nullptr;
    for (std::byte* const block : std::exchange(free_later_, {})) free(block, 0);
  };
  try {
    graph->capture(work);
  } catch (...) {
    end();
    throw;
  }
  end();
  const std::lock_guard lock(mutex_);
  graphs_.push_back(graph.get());
  return graph;
}

std::atomic<bool> in_use = false;

CudaBackend& instance() {
  // Never destroyed: tensors in other statics may be freed after it would have been.
  static CudaBackend* const backend = [] {
    if (const std::string why = cuda_unavailable(); !why.empty()) throw DeviceError(why);
    auto* const made = new CudaBackend;
    in_use = true;
    return made;
  }();
  return *backend;
}

}  // namespace

Backend& cuda_backend() { return instance(); }
bool cuda_backend_in_use() { return in_use; }

std::string cuda_unavailable() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status == cudaSuccess && devices > 0) return {};
  cudaGetLastError();  // it has been dealt with
  return str("there is no CUDA device here: ",
             status == cudaSuccess ? "none was found" : cudaGetErrorString(status));
}

Gpu cuda_gpu() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, current_device()), "cudaGetDeviceProperties");
  int version = 0;
  check(cudaDriverGetVersion(&version), "cudaDriverGetVersion");
  return {.name = properties.name, .cuda = str(version / 1000, ".", version % 1000 / 10)};
}

namespace cuda {

cudaStream_t stream() { return instance().stream(); }
int multiprocessors() { return instance().multiprocessors(); }
int compute_capability() { return instance().compute_capability(); }
std::size_t shared_bytes_per_block() { return instance().shared_bytes_per_block(); }
DeviceTally* device_tally(Tally* tally) { return tally ? instance().slot(tally) : nullptr; }
const std::uint64_t* random_shift() { return instance().random_shift(); }

}  // namespace cuda
}  // namespace joule
