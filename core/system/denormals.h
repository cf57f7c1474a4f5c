// SPDX-License-Identifier: MIT
#pragma once

namespace joule {

class FixedTeam;

/// Until the end of the block, this thread takes denormals (in f32, magnitudes below 2^-126) for
/// zeros, as operands and as results, or no longer does so if not `on`.  Processors need up to a
/// hundred cycles more for each of them, and gradients that vanish become denormals first.
///
/// dispatch() holds one around every operation: for all of Joule a denormal counts as zero.  The
/// mode that the thread had before comes back at the end; the exceptions that it has seen stay.
class FlushDenormals {
 public:
  explicit FlushDenormals(bool on = true);
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

  /// Whether this thread is in such a block.
  static bool active();

 private:
  bool outer_;
};

/// If this thread is in such a block, so are the threads of `team` until the end of this one: for
/// parallel regions of a library, as parallel_for() sees to its own.
///
/// Cost      two empty parallel regions.
/// Errors    DeviceError if OpenMP gives the first one fewer threads than it promised the team: the
///           library's regions would lack them as well.
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
