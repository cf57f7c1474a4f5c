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

/// Bytes of a device's memory for the host's.
struct HostCopy {
  void* to;
  const void* from;
  std::size_t bytes;
};

/// What core needs of a device: its memory, and the queue in which its work is done.
///
/// `cpu` has done everything when a call returns.  `cuda` does it later, in the order of the calls;
/// only what hands values to the host, and what says so, waits.
///
/// Threads   all functions may be called by any thread.
/// Errors    DeviceError, with the name of the driver's function and its text.
class Backend {
 public:
  virtual ~Backend() = default;

  /// A block for Storage, uninitialised.
  virtual std::byte* allocate(std::size_t bytes) = 0;
  virtual void free(std::byte* block, std::size_t bytes) noexcept = 0;
  virtual MemoryStats memory_stats() = 0;
  virtual void reset_peak_memory() = 0;
  virtual void release_cached_memory() = 0;

  /// Host memory to the device's; `from` may be reused on return.
  virtual void copy_in(void* to, const void* from, std::size_t bytes) = 0;
  /// The device's memory to the host's; waits, once for all of them.
  virtual void copy_out(std::span<const HostCopy> copies) = 0;
  void copy_out(void* to, const void* from, std::size_t bytes) {
    const HostCopy copy{to, from, bytes};
    copy_out({&copy, 1});
  }
  /// Host memory that copy_in_beside() can read; the CPU's may be any.
  virtual std::byte* allocate_pinned(std::size_t bytes) = 0;
  virtual void free_pinned(std::byte* block, std::size_t bytes) noexcept = 0;
  /// As copy_in() from pinned memory, but beside what the device does: `from` and `to` must be left
  /// alone until finish() of the result.
  virtual std::int64_t copy_in_beside(void* to, const void* from, std::size_t bytes) = 0;
  /// Waits for the copy; what is queued from now on sees it.
  virtual void finish(std::int64_t copy) = 0;
  /// Within the device.
  virtual void copy(void* to, const void* from, std::size_t bytes) = 0;
  /// `count` times the `size` (4 or 8) bytes of `element`.
  virtual void fill(void* to, std::size_t count, const void* element, std::size_t size) = 0;

  /// Waits until everything is done.
  virtual void synchronize() = 0;
  /// How often somebody has waited, for everything or for values.
  virtual std::int64_t waits() = 0;
  /// Captures what `work` queues, of which nothing is done; for launch() of the result.  `work` has
  /// this thread to itself: nobody else may use the device meanwhile.  What it allocates is memory
  /// of the graph, and lies at the same place each time.
  ///
  /// `operations` at most are counted.
  /// Errors    DeviceError if `work` copies from or to the host, or waits; what it throws.
  virtual std::unique_ptr<DeviceGraph> capture(std::size_t operations,
                                               const std::function<void()>& work) = 0;
  /// The number of the capture in progress; 0: none.
  virtual std::uint64_t capturing() = 0;
  /// By what meters know the device, its PCI bus id ("0000:65:00.0"); empty for the CPU.
  virtual std::string bus_id() = 0;

  /// Begins to time what is queued from now on; the result is for stop_timer().
  virtual std::int64_t start_timer() = 0;
  /// The time since `started` is added to tally->nanoseconds, by settle() at the latest.
  virtual void stop_timer(std::int64_t started, Tally* tally) = 0;
  /// Adds what was timed and counted so far to the tallies; waits.
  virtual void settle() = 0;
};

/// Errors    DeviceError if this build or this machine lacks the device; the message says which.
Backend& backend(Device device);

/// Why `device` cannot be used here, or empty if it can.
std::string unavailable(Device device);

/// Waits until everything that was asked of `device` is done.
void synchronize(Device device);

/// Waits until everything that was asked of any device is done: where a measurement begins or ends.
void synchronize_all();

/// A tally is complete only after this: devices add to it when they are done, not when the
/// operation was asked for.  Waits for the devices that have something to add.
void settle_tallies();

/// Adds the time of what is done between its construction and stop() to a tally; null: to none.
class OpTimer {
 public:
  OpTimer(Device device, Tally* tally)
      : device_(device), tally_(tally), started_(tally ? backend(device).start_timer() : 0) {}
  // Not the destructor's work: a device that has just failed cannot tell the time either.
  void stop() const {
    if (tally_) backend(device_).stop_timer(started_, tally_);
  }

 private:
  Device device_;
  Tally* tally_;
  std::int64_t started_;
};

}  // namespace joule
