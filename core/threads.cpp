// SPDX-License-Identifier: MIT
#include "joule/core/threads.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <limits>

#include "joule/core/error.h"
#include "joule/core/system/denormals.h"
#include "joule/core/system/processors.h"

namespace joule {
namespace {

std::atomic<int> asked = 0;  // by set_num_threads(); 0: never

thread_local int fixed = 0;  // by a FixedTeam; 0: there is none

/// OpenMP knows the affinity mask, but not the quota of a container.
int openmp_threads() {
  static const int most =
      std::getenv("OMP_NUM_THREADS") ? std::numeric_limits<int>::max() : usable_processors();
  const int threads = std::min(omp_get_max_threads(), most);
  require(threads <= kMaxThreads, "threads: OMP_NUM_THREADS: expected 1 to ", kMaxThreads, ", got ",
          threads);
  return threads;
}

/// Whether OpenMP would give a region that starts here one thread whatever was asked for, or Joule
/// wants no more of it: whoever started the region around it has given its threads work already.
bool serialized() { return omp_in_parallel() || omp_get_max_active_levels() < 1; }

}  // namespace

int num_threads() {
  if (serialized()) return 1;
  if (fixed > 0) return fixed;
  const int wanted = asked.load(std::memory_order_relaxed);
  return std::min(wanted > 0 ? wanted : openmp_threads(), omp_get_thread_limit());
}

void set_num_threads(int n) {
  require(n >= 1 && n <= kMaxThreads, "threads: expected 1 to ", kMaxThreads, ", got ", n);
  asked.store(n, std::memory_order_relaxed);
}

FixedTeam::FixedTeam()
    : outer_(fixed),
      threads_(num_threads()),
      omp_threads_(omp_get_max_threads()),
      omp_dynamic_(omp_get_dynamic()) {
  fixed = threads_;
  omp_set_num_threads(threads_);
  omp_set_dynamic(0);
}

FixedTeam::~FixedTeam() {
  omp_set_dynamic(omp_dynamic_);
  omp_set_num_threads(omp_threads_);
  fixed = outer_;
}

namespace detail {

void parallel_ranges(std::int64_t n, std::int64_t grain, RangeFn call, void* body) {
  if (n <= 0) return;
  const std::int64_t most = std::max<std::int64_t>(1, n / std::max<std::int64_t>(1, grain));
  const int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), most));
  if (threads == 1) {
    call(body, 0, n);
    return;
  }
  std::exception_ptr error;  // an exception must not leave a parallel region
  const bool flush = FlushDenormals::active();
  const FlushDenormals off(false);  // a thread that OpenMP starts now begins as the caller is
#pragma omp parallel num_threads(threads)
  {
    const std::int64_t t = omp_get_thread_num();
    const std::int64_t count = omp_get_num_threads();
    const FlushDenormals as_the_caller(flush);
    try {
      const std::int64_t begin = n * t / count;
      const std::int64_t end = n * (t + 1) / count;
      if (begin < end) call(body, begin, end);
    } catch (...) {
#pragma omp critical(joule_parallel_error)
      if (!error) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace detail
}  // namespace joule
