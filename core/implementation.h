// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "joule/core/context.h"
#include "joule/core/device.h"
#include "joule/core/work.h"

namespace joule {

/// One implementation of an operation: a row of its table.
template <class Op>
struct Implementation {
  std::string_view name;  // "cpu.direct", "onednn", "reference"
  Device device;
  /// Null if it can run this op, otherwise why not ("needs stride 1").  Cheap; allocates nothing.
  const char* (*unsupported)(const Op&);
  /// Writes the outputs.  `tally` is null if nothing is counted.
  void (*run)(const Op&, Context&, Tally* tally);
  /// Whether the bits of the result are the same for any number of threads.
  bool thread_invariant = true;
  /// Null if it is worth running here, otherwise why a later row is better ("cpu.direct is
  /// faster").  Not asked if the row is pinned.  Cheap; allocates nothing.
  const char* (*slower)(const Op&) = nullptr;
  /// Whether it executes fewer MACs if there are zeros; passed over if Context::skip_zeros is off.
  bool skips_zeros = false;
  /// To what it rounds the operands of products; cannot run if the context asks for more.
  Precision precision = Precision::f32;
  /// How it computes the sums of products; cannot run if the context does not allow that.
  Algorithms algorithm = Algorithms::direct;
};

/// The name of the row that defines the op, and the only row that runs f64.
inline constexpr std::string_view kReference = "reference";

/// `unsupported` of the rows that can run everything.
template <class Op>
const char* runs_all(const Op&) {
  return nullptr;
}

/// A plain struct that describes one operation completely: its operands, parameters, checks and
/// cost, and its implementations, best first, the reference last.
template <class Op>
concept Operation = requires(const Op& op) {
  { Op::kName } -> std::convertible_to<std::string_view>;
  { op.device() } -> std::same_as<Device>;
  { op.dtype() } -> std::same_as<DType>;
  { op.check() } -> std::same_as<void>;  // throws ArgumentError; changes nothing
  { op.work() } -> std::same_as<Work>;
  { Op::implementations() } -> std::same_as<std::span<const Implementation<Op>>>;
};

/// Why `impl` cannot run `op`, or null if it can.
template <Operation Op>
const char* cannot_run(const Implementation<Op>& impl, const Op& op, const Context& ctx) {
  if (impl.device != op.device()) return "is for another device";
  if (op.dtype() == DType::f64 && impl.name != kReference) return "f64 runs on the reference";
  if (ctx.deterministic && !impl.thread_invariant) return "its bits depend on the threads";
  if (impl.precision > ctx.precision) return "is less precise than asked for";
  if (impl.algorithm > ctx.algorithms) return "its algorithm is not allowed (Context::algorithms)";
  return impl.unsupported(op);
}

/// Why `impl` would not be chosen for `op` with nothing pinned, or null if it could be.
template <Operation Op>
const char* passed_over(const Implementation<Op>& impl, const Op& op, const Context& ctx) {
  if (const char* const why = cannot_run(impl, op, ctx)) return why;
  if (impl.skips_zeros && !ctx.skip_zeros) return "zeros are not to be skipped";
  return impl.slower ? impl.slower(op) : nullptr;
}

}  // namespace joule
