// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "joule/core/backend/device_graph.h"
#include "joule/core/backend/memory.h"
#include "joule/core/device.h"
#include "joule/core/work.h"

namespace joule {

/// Copies bytes from device memory to host memory.
struct HostCopy {
  void* to;
  const void* from;
  std::size_t bytes;
};

/// What core needs of a device: its memory, and the queue of its work.
///
/// `cpu` has finished the work when a call returns.  `cuda` queues it and works in the order of the
/// calls; only calls that return values to the host, or that say so, wait.
///
/// Threads   any thread may call any function.
/// Errors    DeviceError with the name of the driver's function and its message.
class Backend {
 public:
  virtual ~Backend() = default;

  /// An uninitialised block for a Storage.
  virtual std::byte* allocate(std::size_t bytes) = 0;
  virtual void free(std::byte* block, std::size_t bytes) noexcept = 0;
  virtual MemoryStats memory_stats() = 0;
  virtual void reset_peak_memory() = 0;
  virtual void release_cached_memory() = 0;

  /// Copies host memory to the device; `from` may be reused on return.
  virtual void copy_in(void* to, const void* from, std::size_t bytes) = 0;
  /// Copies device memory to the host; waits once, for all copies.
  virtual void copy_out(std::span<const HostCopy> copies) = 0;
  void copy_out(void* to, const void* from, std::size_t bytes) {
    const HostCopy copy{to, from, bytes};
    copy_out({&copy, 1});
  }
  /// Host memory that copy_in_beside() can read; on the CPU, any memory will do.
  virtual std::byte* allocate_pinned(std::size_t bytes) = 0;
  virtual void free_pinned(std::byte* block, std::size_t bytes) noexcept = 0;
  /// As copy_in(), from pinned memory and concurrently with the device's work.  Leave `from` and
  /// `to` alone until finish() of the returned copy.
  virtual std::int64_t copy_in_beside(void* to, const void* from, std::size_t bytes) = 0;
  /// Waits for the copy; work that is queued from now on sees it.
  virtual void finish(std::int64_t copy) = 0;
  /// Copies within the device.
  virtual void copy(void* to, const void* from, std::size_t bytes) = 0;
  /// Writes `element`, of `size` (4 or 8) bytes, `count` times.
  virtual void fill(void* to, std::size_t count, const void* element, std::size_t size) = 0;

  /// Waits until all queued work is done.
  virtual void synchronize() = 0;
  /// How many times a call has waited, for everything or for values.
  virtual std::int64_t waits() = 0;
  /// Captures what `work` queues, without running it; launch() of the result runs it.  No other
  /// thread may use the device during `work`.  Memory that it allocates belongs to the graph and
  /// has the same address at each launch.
  ///
  /// `operations` is an upper bound on how many are counted.
  /// Errors    DeviceError if `work` copies from or to the host, or waits; whatever it throws.
  virtual std::unique_ptr<DeviceGraph> capture(std::size_t operations,
                                               const std::function<void()>& work) = 0;
  /// The number of the capture in progress; 0 if there is none.
  virtual std::uint64_t capturing() = 0;
  /// The PCI bus id by which meters know the device ("0000:65:00.0"); empty for the CPU.
  virtual std::string bus_id() = 0;

  /// Starts timing what is queued from now on; pass the result to stop_timer().
  virtual std::int64_t start_timer() = 0;
  /// Adds the time since `started` to tally->nanoseconds, by settle() at the latest.  Not during a
  /// capture: the graph's launch_timed() returns the times.
  virtual void stop_timer(std::int64_t started, Tally* tally) = 0;
  /// Adds all times and counts so far to their tallies; waits.
  virtual void settle() = 0;
};

/// Errors    DeviceError if this build or this machine lacks the device; the message says which.
Backend& backend(Device device);

/// Why `device` cannot be used here, or empty if it can.
std::string unavailable(Device device);

/// Waits until all work of `device` is done.
void synchronize(Device device);

/// Waits until all work of all devices is done: call it where a measurement begins or ends.
void synchronize_all();

/// Completes the tallies: devices add to them when the work is done, not when it is requested.
/// Waits for the devices that have something to add.
void settle_tallies();

/// Adds the time of the work between construction and stop() to a tally; does nothing for null.
class OpTimer {
 public:
  OpTimer(Device device, Tally* tally)
      : device_(device), tally_(tally), started_(tally ? backend(device).start_timer() : 0) {}
  // Not done in the destructor: a device that has just failed cannot tell the time either.
  void stop() const {
    if (tally_) backend(device_).stop_timer(started_, tally_);
  }

 private:
  Device device_;
  Tally* tally_;
  std::int64_t started_;
};

}  // namespace joule
