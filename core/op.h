// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "joule/core/backend/backend.h"
#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/core/implementation.h"
#include "joule/core/system/denormals.h"
#include "joule/core/tuning.h"
#include "joule/core/work.h"

namespace joule {

/// The tuning table's entry for `op`.  Empty without a table, or if the bits of the result must not
/// depend on this machine.
template <Operation Op>
Measured measured(const Op& op, const Context& ctx) {
  if constexpr (Tunable<Op>) {
    const TuningTable* const table = tuning_table();
    if (table && !ctx.deterministic) {
      return find_measured(*table, Op::kName, op.device(), op.tuning_key());
    }
  }
  return {};
}

/// The implementation that the entry chooses among those that were measured and can run `op`; null
/// if there is none.
template <Operation Op>
const Implementation<Op>* measured_choice(const Measured& measured, const Op& op,
                                          const Context& ctx) {
  if (!measured.entry) return nullptr;
  const auto find = [](std::string_view name) {
    return std::ranges::find(Op::implementations(), name, &Implementation<Op>::name);
  };
  const auto usable = [&](std::string_view name) {
    const auto impl = find(name);
    return impl != Op::implementations().end() && !cannot_run(*impl, op, ctx) &&
           (ctx.skip_zeros || !impl->skips_zeros);
  };
  const MeasuredRow* const row = measured.entry->choose(measured.densities, usable);
  return row ? &*find(row->name) : nullptr;
}

/// One line per implementation: its name, and why it is passed over, if it is.
template <Operation Op>
std::string explain(const Op& op, const Context& ctx) {
  const Measured times = measured(op, ctx);
  const Implementation<Op>* const best = measured_choice(times, op, ctx);
  std::string lines;
  for (const auto& impl : Op::implementations()) {
    const char* const why = best ? cannot_run(impl, op, ctx) : passed_over(impl, op, ctx);
    const bool slower = !why && best && &impl != best;
    lines += str(impl.name, ": ",
                 slower ? times.why_not(impl.name, best->name)
                 : why  ? why
                        : "can run it",
                 "\n");
  }
  return lines;
}

/// The implementation that the context or the process pins; otherwise the one that was measured to
/// be the fastest here; otherwise the first that fits.
///
/// Errors    ArgumentError if none fits; the message says why each was passed over.
template <Operation Op>
const Implementation<Op>& select(const Op& op, const Context& ctx) {
  const std::string_view pinned = ctx.force.empty() ? forced_implementation(Op::kName) : ctx.force;
  if (pinned.empty()) {
    if (const auto* const best = measured_choice(measured(op, ctx), op, ctx)) return *best;
  }
  for (const auto& impl : Op::implementations()) {
    if (pinned.empty() ? !passed_over(impl, op, ctx)
                       : impl.name == pinned && !cannot_run(impl, op, ctx)) {
      return impl;
    }
  }
  throw ArgumentError(str(Op::kName, ": no implementation ",
                          pinned.empty() ? "" : str("named ", pinned, " "), "for this on ",
                          op.device(), ":\n", explain(op, ctx)));
}

/// The only function that checks, accounts for and runs operations.
template <Operation Op>
void dispatch(const Op& op, Context& ctx) {
  op.check();
  if constexpr (Tunable<Op>) dispatch_observers<Op>().notify(op);
  const auto& impl = select(op, ctx);
  const FlushDenormals denormals_are_zeros;
  if (!ctx.sink) return impl.run(op, ctx, nullptr);
  const OpRun run{Op::kName, impl.name, ctx.scope};
  Tally* const tally = ctx.sink->record(run, op.work());
  const OpTimer timer(op.device(), tally);
  impl.run(op, ctx, tally);
  timer.stop();
}

template <Operation Op>
void dispatch(const Op& op) {
  dispatch(op, context());
}

}  // namespace joule
