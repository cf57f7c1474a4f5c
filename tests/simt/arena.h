// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <map>

namespace joule::simt {

/// The device's memory.  Allocations are 256-byte aligned with poisoned bytes around their exact
/// size; new and freed memory holds 0xFF (NaN as float, -1 as int).
///
/// While nobody is inside a DeviceAccess the memory cannot be touched at all: a host thread that
/// dereferences a device pointer ends with SIGSEGV, as with a GPU.
class Arena {
 public:
  static Arena& instance();

  // What the host knows: an allocation is made and given back by the calls, in their order.

  /// A place for memory that appears later.  Null if the device has not so much memory left.
  void* allocate(std::size_t bytes);
  /// Gives the place back.  False if it is not the beginning of an allocation.
  bool release(void* pointer);
  /// A place for a graph's memory, which is allocated by each launch of the graph.
  void* reserve(std::size_t bytes);
  enum class Claim { kDone, kIsAllocated, kOutOfMemory };
  Claim claim(void* pointer);
  /// The graph is gone: memory that is still allocated is the caller's now.
  void disown(void* pointer);
  /// Whether all these bytes are inside one allocation.
  bool is_allocated(const void* pointer, std::size_t bytes) const;
  /// Of the allocation that begins here; 0 if none does.
  std::size_t bytes_of(void* pointer) const;
  /// The beginning of the allocation that holds the address, or null.
  void* allocation_of(const void* pointer) const;

  // What the device has: memory appears and vanishes when a stream comes to it.

  void appear(void* pointer);
  void vanish(void* pointer);
  /// Whether all these bytes are inside one memory that is there.
  bool is_there(const void* pointer, std::size_t bytes) const;

  /// Whether the address is the device's, whatever is there.
  bool contains(const void* pointer) const;

  std::size_t allocated_bytes() const { return allocated_; }
  std::size_t peak_bytes() const { return peak_; }
  std::size_t total_bytes() const { return total_; }
  void set_total_bytes(std::size_t bytes) { total_ = bytes; }
  void set_guard(bool guard);
  void release_all();

 private:
  friend class DeviceAccess;

  struct Allocation {
    std::size_t bytes;
    bool allocated = false;  // to the host
    bool there = false;      // on the device
    bool reserved = false;   // for a graph
  };
  using Allocations = std::map<std::byte*, Allocation>;

  Arena();
  void open();
  void close();
  std::byte* place(std::size_t bytes);
  bool grow(std::byte* end);
  void put_back(std::byte* begin, std::size_t span);
  void wipe(Allocations::iterator it);
  void remove_unused(Allocations::iterator it);
  Allocations::const_iterator find(const void* pointer) const;

  std::byte* base_ = nullptr;
  std::byte* top_ = nullptr;   // of what has ever been used
  std::byte* next_ = nullptr;  // what is above has never been allocated
  Allocations allocations_;
  std::map<std::byte*, std::size_t> free_;  // spans, which do not touch each other
  struct Span {
    std::byte* begin;
    std::size_t bytes;
  };
  std::deque<Span>
      quarantine_;  // freed lately: not used again soon, so that a late access is caught
  std::size_t quarantined_ = 0;
  std::size_t allocated_ = 0;
  std::size_t peak_ = 0;
  std::size_t total_ = std::size_t{2} << 30;
  bool guard_ = true;
  int accesses_ = 0;
};

/// While it lives, the device's memory can be touched.
class DeviceAccess {
 public:
  DeviceAccess() { Arena::instance().open(); }
  ~DeviceAccess() { Arena::instance().close(); }
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

}  // namespace joule::simt
