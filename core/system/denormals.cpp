// SPDX-License-Identifier: MIT
#include "joule/core/system/denormals.h"

#include <omp.h>

#include <cstdint>
#include <utility>

#ifdef __x86_64__
#include <xmmintrin.h>
#endif

#include "joule/core/error.h"
#include "joule/core/threads.h"

namespace joule {
namespace {

#if defined(__x86_64__)
constexpr std::uint64_t kFlush = 1 << 15 | 1 << 6;  // FTZ, of results, and DAZ, of operands
std::uint64_t control() { return _mm_getcsr(); }
void set_control(std::uint64_t bits) { _mm_setcsr(static_cast<unsigned>(bits)); }
#elif defined(__aarch64__)
constexpr std::uint64_t kFlush = 1 << 24;  // FZ: both
std::uint64_t control() {
  std::uint64_t bits;
  asm volatile("mrs %0, fpcr" : "=r"(bits));
  return bits;
}
void set_control(std::uint64_t bits) { asm volatile("msr fpcr, %0" : : "r"(bits)); }
#else
#error "core/denormals: which control bits of this processor flush denormals to zero?"
#endif

struct Mode {
  bool on = false;            // inside of a FlushDenormals
  std::uint64_t outside = 0;  // the bits of kFlush that the thread has outside
};
thread_local Mode mode;

/// Only these bits: the exceptions that were seen meanwhile lie in the same register.
void set_flush_bits(std::uint64_t bits) { set_control((control() & ~kFlush) | bits); }

void turn(bool on) {
  if (on) mode.outside = control() & kFlush;
  set_flush_bits(on ? kFlush : mode.outside);
  mode.on = on;
}

}  // namespace

FlushDenormals::FlushDenormals(bool on) : outer_(mode.on) {
  if (on != outer_) turn(on);
}

FlushDenormals::~FlushDenormals() {
  if (mode.on != outer_) turn(outer_);
}

bool FlushDenormals::active() { return mode.on; }

FlushDenormalsOnAllThreads::FlushDenormalsOnAllThreads(const FixedTeam& team)
    : needed_(mode.on && team.threads() > 1) {
  if (!needed_) return;
  int given = 1;
  {
    const FlushDenormals off(false);  // a thread that OpenMP starts now begins as the caller is
#pragma omp parallel
    if (omp_get_thread_num() != 0) {
      turn(true);
    } else {
      given = omp_get_num_threads();
    }
  }
  if (given == team.threads()) return;
  restore();
  throw DeviceError(
      str("threads: OpenMP promised ", team.threads(), " and gave ", given, ": ask for fewer"));
}

FlushDenormalsOnAllThreads::~FlushDenormalsOnAllThreads() {
  if (needed_) restore();
}

void FlushDenormalsOnAllThreads::restore() {
  const FlushDenormals off(false);
  const std::uint64_t callers = mode.outside;
#pragma omp parallel
  {
    if (mode.on) {
      turn(false);
    } else if (omp_get_thread_num() != 0) {
      set_flush_bits(callers);  // started in between, by a thread that flushed
    }
  }
}

}  // namespace joule
