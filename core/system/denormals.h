// SPDX-License-Identifier: MIT
#pragma once

namespace joule {

class FixedTeam;

/// Until the end of the block, this thread treats denormals (in f32, magnitudes below 2^-126) as
/// zeros, as operands and as results; with `on` false, it stops doing so.  A denormal costs a
/// processor up to a hundred cycles more, and vanishing gradients pass through that range.
///
/// dispatch() holds one around every operation, so all of Joule counts a denormal as zero.  The
/// destructor restores the thread's previous mode but keeps the exception flags raised since.
class FlushDenormals {
 public:
  explicit FlushDenormals(bool on = true);
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

  /// Whether this thread is within such a block.
  static bool active();

 private:
  bool outer_;
};

/// If this thread is in a FlushDenormals block, extends that to the threads of `team` until the end
/// of this block, for the parallel regions of a library.  (parallel_for() does so for its own.)
///
/// Cost      two empty parallel regions.
/// Errors    DeviceError if OpenMP gives the first region fewer threads than it promised the team:
///           the library's regions would lack them, too.
class FlushDenormalsOnAllThreads {
 public:
  explicit FlushDenormalsOnAllThreads(const FixedTeam& team);
  ~FlushDenormalsOnAllThreads();
  FlushDenormalsOnAllThreads(const FlushDenormalsOnAllThreads&) = delete;
  FlushDenormalsOnAllThreads& operator=(const FlushDenormalsOnAllThreads&) = delete;

 private:
  static void restore();

  bool needed_;
};

}  // namespace joule
