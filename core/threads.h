// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

namespace joule {

/// Each OpenMP thread has a stack, and the table of the stacks lies on the caller's stack.
inline constexpr int kMaxThreads = 1024;

/// How many threads an operation gets that is called here and now.  Code that divides work by the
/// number of threads must use this, never omp_get_max_threads():
///   what set_num_threads() asked for; without it, OMP_NUM_THREADS; without both, OpenMP's number,
///   but at most one per processor that this process may use (usable_processors());
///   at most OMP_THREAD_LIMIT, or the `thread_limit` clause of an enclosing `teams` region;
///   1 within an active parallel region, and if OpenMP may start none (OMP_MAX_ACTIVE_LEVELS=0).
///
/// Errors    ArgumentError if OpenMP's own number is above kMaxThreads.
int num_threads();
/// Sets the number for operations on all threads of the process.
///
/// Errors    ArgumentError if n < 1 or n > kMaxThreads.
void set_num_threads(int n);

/// Until the end of the block, each parallel region that this thread starts, in any library, has
/// exactly threads() threads, the value of num_threads() at construction.  num_threads() does not
/// change until then either.
///
/// For libraries that divide their work by omp_get_max_threads() before they start a region: with
/// fewer threads (OMP_DYNAMIC, OMP_THREAD_LIMIT, nesting), part of the work would not be done.
class FixedTeam {
 public:
  FixedTeam();
  ~FixedTeam();
  FixedTeam(const FixedTeam&) = delete;
  FixedTeam& operator=(const FixedTeam&) = delete;

  int threads() const { return threads_; }

 private:
  int outer_;  // of the enclosing block; 0: none
  int threads_, omp_threads_, omp_dynamic_;
};

namespace detail {
using RangeFn = void (*)(void* body, std::int64_t begin, std::int64_t end);
void parallel_ranges(std::int64_t n, std::int64_t grain, RangeFn call, void* body);
}  // namespace detail

/// Calls body(begin, end) in parallel on a partition of [0, n) into pieces of at least `grain`.
/// Rethrows the first exception of a piece.  The partition depends on the number of threads, so a
/// body must not reduce across its elements; use parallel_sum() for that.
template <class Body>
void parallel_for(std::int64_t n, std::int64_t grain, Body&& body) {
  detail::parallel_ranges(
      n, grain,
      [](void* b, std::int64_t begin, std::int64_t end) {
        (*static_cast<std::remove_reference_t<Body>*>(b))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(&body)));
}

/// A reduction is cut into this many pieces for any number of threads, and the pieces are combined
/// in order, so the bits do not depend on the number of threads.
inline constexpr std::int64_t kReductionPieces = 64;

/// Calls body(piece, begin, end) for each non-empty one of the kReductionPieces pieces of [0, n).
/// `width` is the number of values behind each of the n; it measures the work.
template <class Body>
void parallel_pieces(std::int64_t n, std::int64_t width, Body&& body) {
  const std::int64_t size = (n + kReductionPieces - 1) / kReductionPieces;
  const std::int64_t pieces = size ? (n + size - 1) / size : 0;
  parallel_for(pieces, n * width > 16384 ? 1 : kReductionPieces,
               [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t p = first; p < last; ++p) {
                   const std::int64_t end = (p + 1) * size;
                   body(p, p * size, end < n ? end : n);
                 }
               });
}

/// Sums partial(begin, end) over the pieces, in a fixed order.  `width` as in parallel_pieces().
template <class T, class Partial>
T parallel_sum(std::int64_t n, std::int64_t width, Partial&& partial) {
  std::array<T, kReductionPieces> sums{};
  parallel_pieces(n, width, [&](std::int64_t piece, std::int64_t begin, std::int64_t end) {
    sums[static_cast<std::size_t>(piece)] = partial(begin, end);
  });
  T total{};
  for (const T& sum : sums) total += sum;
  return total;
}
template <class T, class Partial>
T parallel_sum(std::int64_t n, Partial&& partial) {
  return parallel_sum<T>(n, 1, partial);
}

}  // namespace joule
