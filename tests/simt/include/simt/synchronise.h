// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>

namespace simt {

/// Where in the kernel's source a thread waits: it names threads in reports, and two places are two
/// barriers.
using Where = std::source_location;

enum class Vote { kNone, kCount, kAnd, kOr };

/// Waits for all threads of the block, which must come to the same place, and returns what `vote`
/// says of their predicates.
int wait_for_block(Vote vote, bool predicate, Where where);

}  // namespace simt

inline void __syncthreads(simt::Where where = simt::Where::current()) {
  simt::wait_for_block(simt::Vote::kNone, false, where);
}
inline int __syncthreads_count(int predicate, simt::Where where = simt::Where::current()) {
  return simt::wait_for_block(simt::Vote::kCount, predicate != 0, where);
}
inline int __syncthreads_and(int predicate, simt::Where where = simt::Where::current()) {
  return simt::wait_for_block(simt::Vote::kAnd, predicate != 0, where);
}
inline int __syncthreads_or(int predicate, simt::Where where = simt::Where::current()) {
  return simt::wait_for_block(simt::Vote::kOr, predicate != 0, where);
}
