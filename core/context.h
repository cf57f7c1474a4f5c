// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "joule/core/scope.h"

namespace joule {

class WorkSink;

/// How far the operands of products in convolutions and matrix products may be rounded; sums are
/// f32.  f32: not at all.  tf32: to 10 bits of mantissa.  bf16: to 7 bits.
enum class Precision { f32, tf32, bf16 };
constexpr std::string_view name(Precision precision) {
  return precision == Precision::f32 ? "f32" : precision == Precision::tf32 ? "tf32" : "bf16";
}

/// How sums of products may be computed; errors grow from one to the next.  direct: product by
/// product.  winograd_2x2: also from sums and differences of the operands that yield two by two
/// outputs at a time.  winograd_4x4: also four by four.
enum class Algorithms { direct, winograd_2x2, winograd_4x4 };
/// As options of the program spell it.
constexpr std::string_view name(Algorithms algorithms) {
  return algorithms == Algorithms::direct         ? "direct"
         : algorithms == Algorithms::winograd_2x2 ? "winograd-2x2"
                                                  : "winograd";
}

/// How operations run on this thread, and where their work is recorded.
struct Context {
  WorkSink* sink = nullptr;     // null: nothing is counted
  std::string_view force = {};  // run exactly this implementation (tests, benchmarks)
  bool deterministic = false;   // only implementations whose bits do not depend on the threads
  bool skip_zeros = true;  // false: only implementations that multiply zeros, too (unless pinned)
  Precision precision = Precision::f32;        // the lowest that implementations may use
  Algorithms algorithms = Algorithms::direct;  // the last that implementations may use
  bool grad_enabled = true;
  // In evaluation without gradients, folds a batch norm into the convolution before it.
  bool fold_batch_norm = true;
  Scope scope;
};

/// This thread's context.
Context& context();

/// Changes this thread's context until the end of the block:
///   ContextGuard guard; context().sink = &ledger;
class ContextGuard {
 public:
  ContextGuard() : saved_(context()) {}
  explicit ContextGuard(const Context& temporary) : saved_(std::exchange(context(), temporary)) {}
  ~ContextGuard() { context() = saved_; }
  ContextGuard(const ContextGuard&) = delete;
  ContextGuard& operator=(const ContextGuard&) = delete;

 private:
  Context saved_;
};

/// Until the end of the block, operations are not recorded for backward().
class NoGrad : ContextGuard {
 public:
  NoGrad() { context().grad_enabled = false; }
};

/// Pins the implementation of one op for the whole process; an empty name unpins it.  The
/// environment variable JOULE_FORCE=op:implementation[,op:implementation...] does the same.
///
/// Errors    dispatch() throws ArgumentError if the implementation does not exist for the tensors'
///           device or cannot run them; the message lists those that exist.
void force_implementation(std::string_view op, std::string_view implementation);
/// The pinned implementation of `op`, or empty.
/// Errors    ArgumentError if JOULE_FORCE is not of the form above.
std::string_view forced_implementation(std::string_view op);

}  // namespace joule
