// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/profile.h"

#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

ProfileRow row_of(const Profile& profile, std::size_t at) {
  const Ledger::Line& line = profile.lines[at];
  const auto& [op, implementation, scope] = line.run;
  ProfileRow row{.layer = std::string(scope.layer),
                 .phase = std::string(name(scope.phase)),
                 .op = std::string(op),
                 .implementation = std::string(implementation),
                 .totals = line,
                 .modelled = profile.cost.energy(line, Skipping::executed),
                 .attributed = profile.attribution.lines[at]};
  if (row.attributed.available()) row.ticks = profile.attribution.ticks->lines[at];
  return row;
}

void keep_common(std::string& text, const std::string& other) {
  if (text != other) text.clear();
}

/// The interval of the attributed energy is left to set_width().
void merge(ProfileRow& row, const ProfileRow& other, const CostModel& cost, Joules unit) {
  keep_common(row.layer, other.layer);
  keep_common(row.phase, other.phase);
  keep_common(row.op, other.op);
  keep_common(row.implementation, other.implementation);
  row.totals += other.totals;
  row.modelled = cost.energy(row.totals, Skipping::executed);
  if (!row.attributed.available()) return;
  if (!other.attributed.available()) {
    row.attributed = other.attributed;
    row.ticks.reset();
    return;
  }
  row.ticks = *row.ticks + *other.ticks;
  row.attributed = Figure<Joules>::attributed(static_cast<double>(*row.ticks) * unit, {},
                                              row.attributed.source());
}

void set_width(ProfileRow& row, const Attribution& a, std::span<const std::size_t> lines) {
  if (!row.attributed.available()) return;
  row.attributed = Figure<Joules>::attributed(row.attributed.value(), a.width_of(lines),
                                              row.attributed.source());
}

std::tuple<std::string, std::string, std::string, std::string> key(const ProfileRow& row, By by) {
  switch (by) {
    case By::layer:
      return {row.layer, "", "", ""};
    case By::phase:
      return {"", row.phase, "", ""};
    case By::op:
      return {"", "", row.op, ""};
    case By::implementation:
      return {"", "", row.op, row.implementation};
    case By::line:
      break;
  }
  return {row.layer, row.phase, row.op, row.implementation};
}

}  // namespace

std::vector<ProfileRow> rows(const Profile& profile, By by) {
  std::vector<ProfileRow> result;
  std::vector<std::vector<std::size_t>> lines;  // of each
  std::map<decltype(key(result.front(), by)), std::size_t> known;
  for (std::size_t i = 0; i < profile.lines.size(); ++i) {
    const ProfileRow row = row_of(profile, i);
    const auto [at, added] = known.try_emplace(key(row, by), result.size());
    if (added) {
      result.push_back(row);
      lines.push_back({i});
    } else {
      merge(result[at->second], row, profile.cost, profile.meter.unit);
      lines[at->second].push_back(i);
    }
  }
  for (std::size_t r = 0; r < result.size(); ++r) {
    if (lines[r].size() > 1) set_width(result[r], profile.attribution, lines[r]);
  }
  return result;
}

ProfileRow total(const Profile& profile) {
  require(!profile.lines.empty(), "profile: nothing was recorded");
  ProfileRow sum = row_of(profile, 0);
  for (std::size_t i = 1; i < profile.lines.size(); ++i) {
    merge(sum, row_of(profile, i), profile.cost, profile.meter.unit);
  }
  std::vector<std::size_t> all(profile.lines.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  set_width(sum, profile.attribution, all);
  return sum;
}

Ratio modelled_per_dynamic(const Profile& profile) {
  const Figure<Joules>& dynamic = profile.attribution.whole.dynamic;
  if (!dynamic.available()) return {{}, dynamic.reason()};
  return {total(profile).modelled.value() / dynamic.value(), {}};
}

std::optional<double> gflops(const Totals& totals) {
  if (totals.work.macs == 0 || totals.tally.nanoseconds == 0) return {};
  return 2 * static_cast<double>(totals.work.macs) / static_cast<double>(totals.tally.nanoseconds);
}

MeasuredWindows measured_windows(const MeterInfo& meter, std::string device,
                                 std::span<const Piece> pieces) {
  MeasuredWindows measured{
      .device = std::move(device),
      .meter = meter.name,
      .systematic = meter.systematic,
      .charges = {Charge::macs, Charge::bytes, Charge::calls, Charge::seconds}};
  for (const Piece& piece : pieces) {
    if (!unresolved(meter, piece.interval).empty()) continue;
    const Counted c = counted(meter, piece.interval);
    require(c.edges.has_value(), source(meter),
            ": without its update period its windows have no uncertainty");
    Totals sum;
    for (const Ledger::Line& line : piece.lines) sum += line;
    measured.windows.push_back(
        {.energy = c.energy,
         .uncertainty = *c.edges / std::sqrt(6.0),
         .counts = {static_cast<double>(sum.work.macs - sum.tally.macs_skipped),
                    static_cast<double>(sum.work.bytes_read + sum.work.bytes_written),
                    static_cast<double>(sum.calls), piece.interval.duration().value()}});
  }
  return measured;
}

}  // namespace joule::energy
