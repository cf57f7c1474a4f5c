// SPDX-License-Identifier: MIT
#include "core/threads.h"

#include <omp.h>

#include <algorithm>
#include <exception>

#include "core/denormals.h"
#include "core/error.h"

namespace joule {

int num_threads() { return omp_get_max_threads(); }

void set_num_threads(int n) {
  require(n >= 1, "threads: expected at least 1, got ", n);
  omp_set_num_threads(n);
}

namespace detail {

void parallel_ranges(std::int64_t n, std::int64_t grain, RangeFn call, void* body) {
  if (n <= 0) return;
  const std::int64_t most = std::max<std::int64_t>(1, n / std::max<std::int64_t>(1, grain));
  const int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), most));
  if (threads == 1 || omp_in_parallel()) {
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
