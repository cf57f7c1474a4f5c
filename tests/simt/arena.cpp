// SPDX-License-Identifier: MIT
#include "joule/tests/simt/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "joule/tests/simt/sanitizer.h"

namespace joule::simt {
namespace {

constexpr std::size_t kAlignment = 256;
constexpr std::size_t kReserved = std::size_t{8} << 30;  // addresses, not memory
// Protecting huge pages takes microseconds, where as many small ones take milliseconds.
constexpr std::size_t kStep = std::size_t{2} << 20;
constexpr std::size_t kQuarantine = kAddressSanitizer ? std::size_t{64} << 20 : 0;
constexpr int kGarbage = 0xFF;

/// Of an allocation and the poisoned bytes behind it.
std::size_t span_of(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment + kAlignment;
}

void protect(std::byte* begin, std::byte* end, int protection) {
  if (begin != end && mprotect(begin, static_cast<std::size_t>(end - begin), protection) != 0) {
    std::perror("simt: mprotect of the device's memory");
    std::abort();
  }
}

/// The bytes of the allocation from this address inside it on.
std::size_t bytes_from(const auto& entry, const void* pointer) {
  const auto& [begin, allocation] = entry;
  return allocation.bytes -
         static_cast<std::size_t>(static_cast<const std::byte*>(pointer) - begin);
}

}  // namespace

Arena& Arena::instance() {
  static Arena* const arena = new Arena;
  return *arena;
}

Arena::Arena() {
  void* const memory = mmap(nullptr, kReserved + kStep, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("simt: no addresses for the device's memory");
    std::abort();
  }
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  base_ = static_cast<std::byte*>(memory) + (kStep - address % kStep) % kStep;
  madvise(base_, kReserved, MADV_HUGEPAGE);  // only slower without
  top_ = base_;
  next_ = base_ + kAlignment;  // poisoned bytes before the first allocation
}

void Arena::open() {
  if (accesses_++ == 0 && guard_) protect(base_, top_, PROT_READ | PROT_WRITE);
}

void Arena::close() {
  if (--accesses_ == 0 && guard_) protect(base_, top_, PROT_NONE);
}

void Arena::set_guard(bool guard) {
  guard_ = guard;
  protect(base_, top_, guard && accesses_ == 0 ? PROT_NONE : PROT_READ | PROT_WRITE);
}

bool Arena::grow(std::byte* end) {
  if (end > base_ + kReserved) return false;
  if (end > top_) {
    const std::size_t step = (static_cast<std::size_t>(end - top_) + kStep - 1) / kStep * kStep;
    protect(top_, top_ + step, PROT_READ | PROT_WRITE);
    poison(top_, step);
    top_ += step;
  }
  return true;
}

std::byte* Arena::place(std::size_t bytes) {
  const std::size_t span = span_of(bytes);
  const auto fits = std::find_if(free_.begin(), free_.end(),
                                 [&](const auto& free) { return free.second >= span; });
  if (fits != free_.end()) {
    std::byte* const begin = fits->first;
    const std::size_t rest = fits->second - span;
    free_.erase(fits);
    if (rest) free_.emplace(begin + span, rest);
    return begin;
  }
  if (!grow(next_ + span)) return nullptr;
  std::byte* const begin = next_;
  next_ += span;
  return begin;
}

void Arena::put_back(std::byte* begin, std::size_t span) {
  quarantine_.push_back({begin, span});
  quarantined_ += span;
  while (quarantined_ > kQuarantine) {
    auto [first, bytes] = quarantine_.front();
    quarantine_.pop_front();
    quarantined_ -= bytes;
    auto after = free_.lower_bound(first);
    if (after != free_.end() && after->first == first + bytes) {
      bytes += after->second;
      after = free_.erase(after);
    }
    if (after != free_.begin()) {
      const auto before = std::prev(after);
      if (before->first + before->second == first) {
        before->second += bytes;
        continue;
      }
    }
    free_.emplace(first, bytes);
  }
}

void* Arena::reserve(std::size_t bytes) {
  if (bytes > kReserved) return nullptr;
  const DeviceAccess access;
  std::byte* const begin = place(bytes);
  if (begin) allocations_[begin] = {.bytes = bytes, .reserved = true};
  return begin;
}

Arena::Claim Arena::claim(void* pointer) {
  Allocation& allocation = allocations_.at(static_cast<std::byte*>(pointer));
  if (allocation.allocated) return Claim::kIsAllocated;
  if (allocated_ + allocation.bytes > total_) return Claim::kOutOfMemory;
  allocation.allocated = true;
  allocated_ += allocation.bytes;
  peak_ = std::max(peak_, allocated_);
  return Claim::kDone;
}

void* Arena::allocate(std::size_t bytes) {
  if (bytes > total_ || allocated_ + bytes > total_) return nullptr;
  void* const pointer = reserve(bytes);
  if (!pointer) return nullptr;
  claim(pointer);
  allocations_.at(static_cast<std::byte*>(pointer)).reserved = false;
  return pointer;
}

bool Arena::release(void* pointer) {
  const auto it = allocations_.find(static_cast<std::byte*>(pointer));
  if (it == allocations_.end() || !it->second.allocated) return false;
  it->second.allocated = false;
  allocated_ -= it->second.bytes;
  return true;
}

void Arena::appear(void* pointer) {
  Allocation& allocation = allocations_.at(static_cast<std::byte*>(pointer));
  allocation.there = true;
  const DeviceAccess access;
  unpoison(pointer, allocation.bytes);
  std::memset(pointer, kGarbage, allocation.bytes);
}

void Arena::wipe(Allocations::iterator it) {
  const DeviceAccess access;
  std::memset(it->first, kGarbage, it->second.bytes);
  poison(it->first, it->second.bytes);
  it->second.there = false;
}

void Arena::vanish(void* pointer) {
  const auto it = allocations_.find(static_cast<std::byte*>(pointer));
  wipe(it);
  remove_unused(it);
}

void Arena::remove_unused(Allocations::iterator it) {
  const Allocation& allocation = it->second;
  if (allocation.allocated || allocation.there || allocation.reserved) return;
  put_back(it->first, span_of(allocation.bytes));
  allocations_.erase(it);
}

void Arena::disown(void* pointer) {
  const auto it = allocations_.find(static_cast<std::byte*>(pointer));
  if (it == allocations_.end()) return;  // all memory was released meanwhile
  it->second.reserved = false;
  remove_unused(it);
}

void Arena::release_all() {
  while (!allocations_.empty()) {
    const auto it = allocations_.begin();
    if (it->second.there) wipe(it);
    put_back(it->first, span_of(it->second.bytes));
    allocations_.erase(it);
  }
  allocated_ = 0;
  peak_ = 0;
}

bool Arena::contains(const void* pointer) const {
  return pointer >= base_ && pointer < base_ + kReserved;
}

Arena::Allocations::const_iterator Arena::find(const void* pointer) const {
  const std::byte* const address = static_cast<const std::byte*>(pointer);
  auto it = allocations_.upper_bound(const_cast<std::byte*>(address));
  if (it == allocations_.begin()) return allocations_.end();
  --it;
  return address < it->first + it->second.bytes ? it : allocations_.end();
}

bool Arena::is_allocated(const void* pointer, std::size_t bytes) const {
  const auto it = find(pointer);
  return it != allocations_.end() && it->second.allocated && bytes <= bytes_from(*it, pointer);
}

bool Arena::is_there(const void* pointer, std::size_t bytes) const {
  const auto it = find(pointer);
  return it != allocations_.end() && it->second.there && bytes <= bytes_from(*it, pointer);
}

std::size_t Arena::bytes_of(void* pointer) const {
  const auto it = allocations_.find(static_cast<std::byte*>(pointer));
  return it == allocations_.end() ? 0 : it->second.bytes;
}

void* Arena::allocation_of(const void* pointer) const {
  const auto it = find(pointer);
  return it != allocations_.end() && it->second.allocated ? it->first : nullptr;
}

}  // namespace joule::simt
