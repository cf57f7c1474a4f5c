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

  /// Null if the device has not so much memory left.
  void* allocate(std::size_t bytes);
  /// False if it is not the beginning of an allocation.
  bool release(void* pointer);

  // A graph's memory: it has its place from the capture on, and is there between the graph's nodes
  // that allocate and free it.
  void* reserve(std::size_t bytes);
  enum class Activation { kDone, kIsActive, kOutOfMemory };
  Activation activate(void* pointer);
  /// The graph is gone: memory that is still allocated is the caller's now.
  void disown(void* pointer);
  bool is_reserved(const void* pointer) const;

  /// Whether the address is the device's, whatever is there.
  bool contains(const void* pointer) const;
  /// Whether all these bytes are inside one allocation.
  bool is_allocated(const void* pointer, std::size_t bytes) const;
  /// The beginning of the allocation that holds the address, or null.
  void* allocation_of(const void* pointer) const;

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
    bool active;
    bool reserved;
  };
  using Allocations = std::map<std::byte*, Allocation>;

  Arena();
  void open();
  void close();
  std::byte* place(std::size_t bytes);
  bool grow(std::byte* end);
  void put_back(std::byte* begin, std::size_t span);
  void deactivate(Allocations::iterator it);
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
