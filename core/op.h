// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/context.h"
#include "core/denormals.h"
#include "core/error.h"
#include "core/implementation.h"
#include "core/tuning.h"
#include "core/work.h"

namespace joule {

/// What the table of measured choices says of `op`: nothing without a table, or if the bits must
/// not depend on this machine.
template <Operation Op>
MeasuredTimes measured_times(const Op& op, const Context& ctx) {
  if constexpr (Tunable<Op>) {
    const TuningTable* const table = tuning_table();
    if (table && !ctx.deterministic) return {*table, Op::kName, op.device(), op.tuning_key()};
  }
  return {};
}

/// Of the implementations that were measured and can run `op`, the one that takes the shortest
/// time; null if there is none.
template <Operation Op>
const Implementation<Op>* measured_choice(const MeasuredTimes& times, const Op& op,
                                          const Context& ctx) {
  const Implementation<Op>* best = nullptr;
  if (!times) return best;
  double best_ms = 0;
  for (const auto& impl : Op::implementations()) {
    const auto ms = times.of(impl.name);
    if (!ms || (best && *ms >= best_ms) || cannot_run(impl, op, ctx)) continue;
    best = &impl;
    best_ms = *ms;
  }
  return best;
}

/// One line per implementation: its name, and why it would be passed over.
template <Operation Op>
std::string explain(const Op& op, const Context& ctx) {
  const MeasuredTimes times = measured_times(op, ctx);
  const Implementation<Op>* const best = measured_choice(times, op, ctx);
  std::string lines;
  for (const auto& impl : Op::implementations()) {
    const char* const why = best ? cannot_run(impl, op, ctx) : passed_over(impl, op, ctx);
    lines += str(impl.name, ": ");
    if (why || !best || &impl == best) {
      lines += why ? why : "can run it";
    } else {
      const auto ms = times.of(impl.name);
      lines += ms ? str("measured: ", best->name, " is faster here (",
                        std::round(10 * *ms / *times.of(best->name)) / 10, "x)")
                  : str("was not measured, and ", best->name, " was");
    }
    lines += '\n';
  }
  return lines;
}

/// The implementation pinned by the context or the process, otherwise the one that was measured to
/// be the fastest here, otherwise the first that fits.
///
/// Errors    ArgumentError if none fits; the message says why each was passed over.
template <Operation Op>
const Implementation<Op>& select(const Op& op, const Context& ctx) {
  const std::string_view pinned = ctx.force.empty() ? forced_implementation(Op::kName) : ctx.force;
  if (pinned.empty()) {
    if (const auto* const best = measured_choice(measured_times(op, ctx), op, ctx)) return *best;
  }
  for (const auto& impl : Op::implementations()) {
    if (pinned.empty() ? !passed_over(impl, op, ctx)
                       : impl.name == pinned && !cannot_run(impl, op, ctx)) {
      return impl;
    }
  }
  throw ArgumentError(str(Op::kName, ": no implementation ", pinned.empty() ? "" : "named ", pinned,
                          " for this on ", op.device(), ":\n", explain(op, ctx)));
}

/// The only place where operations are checked, accounted for and run.
template <Operation Op>
void dispatch(const Op& op, Context& ctx) {
  op.check();
  if constexpr (Tunable<Op>) dispatch_observers<Op>().notify(op);
  const auto& impl = select(op, ctx);
  const FlushDenormals denormals_are_zeros;
  if (!ctx.sink) return impl.run(op, ctx, nullptr);
  Tally* const tally = ctx.sink->record({Op::kName, impl.name, ctx.scope}, op.work());
  const std::int64_t start = monotonic_nanoseconds();
  impl.run(op, ctx, tally);
  if (tally) tally->nanoseconds += monotonic_nanoseconds() - start;
}

template <Operation Op>
void dispatch(const Op& op) {
  dispatch(op, context());
}

}  // namespace joule
