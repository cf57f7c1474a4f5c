// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/verification.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/energy/attribution/attribution_parts.h"

namespace joule::energy {
namespace {

bool same_run(const OpRun& a, const OpRun& b) {
  return a.op == b.op && a.implementation == b.implementation && a.scope.layer == b.scope.layer &&
         a.scope.phase == b.scope.phase;
}

/// The lines' energy over the calls of all of them together.
Figure<Joules> attributed_per_call(const MeterInfo& meter, const Attribution& a,
                                   std::span<const Ledger::Line> lines, const Looped& one,
                                   std::vector<std::size_t>& found) {
  const std::string from = source(meter, a.rule);
  double calls = 0;
  Joules energy;
  for (const Ledger::Line& line : one.lines) {
    const auto same = std::ranges::find_if(
        lines, [&](const Ledger::Line& l) { return same_run(l.run, line.run); });
    if (same == lines.end()) {
      return Figure<Joules>::unavailable(
          from, str("the profile has no ", line.run.op, " by ", line.run.implementation, " in ",
                    line.run.scope.layer));
    }
    found.push_back(static_cast<std::size_t>(same - lines.begin()));
    const Figure<Joules>& share = a.lines[found.back()];
    if (!share.available()) return share;
    energy += share.value();
    calls = static_cast<double>(same->calls) / static_cast<double>(line.calls);
  }
  std::optional<Joules> width = a.width_of(found);
  if (width) width = *width / calls;
  return Figure<Joules>::attributed(energy / calls, width, from);
}

void compare(Verified& v) {
  if (!v.attributed.available() || !v.looped.available()) return;
  const double ratio = v.attributed.value() / v.looped.value();
  v.error = ratio - 1;
  const auto of_share = v.attributed.uncertainty(), of_loop = v.looped.uncertainty();
  if (!of_share || !of_loop) return;
  v.half_width = (*of_share + std::abs(ratio) * *of_loop) / v.looped.value();
}

}  // namespace

Verification verify(const MeterInfo& meter, const Attribution& attribution,
                    std::span<const Ledger::Line> lines, std::span<const Looped> looped,
                    const IdlePower& idle_power, Watts level) {
  Verification all{.idle_power = idle_power.mean, .level = level, .operations = {}};
  for (const Looped& one : looped) {
    std::vector<std::size_t> found;
    const auto attributed = attributed_per_call(meter, attribution, lines, one, found);
    Verified v{.lines = found,
               .calls = one.trials.empty() ? 0 : one.trials.front().calls,
               .attributed = attributed,
               .looped = cost_of_call(meter, one.trials, idle_power).dynamic,
               .rested = one.rested};
    if (!one.pauses.empty() && unresolved(meter, one.pauses.back()).empty()) {
      v.paused_at = counted(meter, one.pauses.back()).energy / one.pauses.back().duration();
    }
    compare(v);
    all.operations.push_back(std::move(v));
  }
  return all;
}

bool agree(const Verified& v) {
  require(v.half_width.has_value(), "verification: there are no two intervals");
  // Without the rounding of a quotient: |a - l| <= wa + wl.
  const Joules apart(std::abs((v.attributed.value() - v.looped.value()).value()));
  return apart <= *v.attributed.uncertainty() + *v.looped.uncertainty();
}

Agreement agreement(const Verification& verification) {
  Agreement sum;
  for (const Verified& v : verification.operations) {
    if (!v.half_width) continue;
    ++sum.known;
    if (agree(v)) ++sum.agree;
  }
  return sum;
}

}  // namespace joule::energy
