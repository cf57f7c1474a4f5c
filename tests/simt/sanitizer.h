// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

// What the sanitizers are told, if this is compiled with one: AddressSanitizer what must not be
// touched and on which stack we are, ThreadSanitizer which thread runs and what orders the threads'
// accesses.
namespace joule::simt {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;

inline void poison(const void* begin, std::size_t bytes) {
  __asan_poison_memory_region(begin, bytes);
}
inline void unpoison(const void* begin, std::size_t bytes) {
  __asan_unpoison_memory_region(begin, bytes);
}
inline void leave_stack(void** fake, const void* bottom, std::size_t bytes) {
  __sanitizer_start_switch_fiber(fake, bottom, bytes);
}
inline void enter_stack(void* fake, const void** old_bottom, std::size_t* old_bytes) {
  __sanitizer_finish_switch_fiber(fake, old_bottom, old_bytes);
}
#else
inline constexpr bool kAddressSanitizer = false;

inline void poison(const void*, std::size_t) {}
inline void unpoison(const void*, std::size_t) {}
inline void leave_stack(void**, const void*, std::size_t) {}
inline void enter_stack(void*, const void**, std::size_t*) {}
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;

inline void* make_strand() { return __tsan_create_fiber(0); }
inline void* this_strand() { return __tsan_get_current_fiber(); }
inline void enter_strand(void* strand) {
  __tsan_switch_to_fiber(strand, __tsan_switch_to_fiber_no_sync);
}
inline void name_strand(void* strand, const char* name) { __tsan_set_fiber_name(strand, name); }
/// What comes before publish() of an object comes before what follows a later receive().
inline void publish(void* object) { __tsan_release(object); }
inline void receive(void* object) { __tsan_acquire(object); }
inline void begin_unwatched() {
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}
inline void end_unwatched() {
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
#else
inline constexpr bool kThreadSanitizer = false;

inline void* make_strand() { return nullptr; }
inline void* this_strand() { return nullptr; }
inline void enter_strand(void*) {}
inline void name_strand(void*, const char*) {}
inline void publish(void*) {}
inline void receive(void*) {}
inline void begin_unwatched() {}
inline void end_unwatched() {}
#endif

/// The executor's own accesses: they are not the kernel's, and one thread runs at a time.
class Unwatched {
 public:
  Unwatched() { begin_unwatched(); }
  ~Unwatched() { end_unwatched(); }
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;
};

}  // namespace joule::simt
