// SPDX-License-Identifier: MIT
#include "joule/report/profile_tables.h"

#include <fmt/core.h>

#include <algorithm>

#include "joule/energy/measurement.h"
#include "joule/report/figures.h"

namespace joule::report {
namespace {

using energy::By;
using energy::Profile;
using energy::ProfileRow;
using energy::Seconds;

std::string named(const std::string& layer) { return layer.empty() ? "(no layer)" : layer; }

void append_numbers(std::vector<std::string>& cells, const ProfileRow& row, bool times) {
  const auto& [calls, work, tally] = row.totals;
  cells.push_back(count(calls));
  if (times) {
    const auto rate = gflops(row.totals);
    cells.push_back(str(Seconds(1e-9 * static_cast<double>(tally.nanoseconds))));
    cells.push_back(rate ? fmt::format("{:.1f}", *rate) : "");
  }
  const auto density = row.totals.density();
  for (std::string cell :
       {count(work.macs), count(tally.macs_skippable), count(tally.macs_skipped),
        count(work.bytes_read + work.bytes_written), density ? percent(*density) : "",
        text(row.modelled), text(row.attributed)}) {
    cells.push_back(std::move(cell));
  }
}

/// "10 of 1.02 s (.98 s to 1.1 s)" per kind of window.
std::string lengths(const Profile& p) {
  std::string all;
  for (auto from = p.windows.begin(); from != p.windows.end();) {
    const auto to = std::find_if(from, p.windows.end(),
                                 [&](const auto& window) { return window.what != from->what; });
    std::vector<double> seconds;
    for (auto at = from; at != to; ++at) seconds.push_back(at->interval.duration().value());
    std::ranges::sort(seconds);
    all += str(all.empty() ? "" : "; ", from->what, ": ", seconds.size(), " of ",
               Seconds(seconds[seconds.size() / 2]));
    if (seconds.size() > 1) {
      all += str(" (median; ", Seconds(seconds.front()), " to ", Seconds(seconds.back()), ")");
    }
    from = to;
  }
  return all.empty() ? "none: the meter has no readings" : all;
}

std::string idle_method(const Profile& p) {
  if (!p.idle_power.available()) return "unavailable: " + p.idle_power.reason();
  return text(p.idle_power) + (p.idle_power.quality() != energy::Quality::modelled
                                   ? ", measured while nothing ran, before and after"
                                   : ", stated by the user");
}

/// "conv1 (conv2d)", "layer1.0.conv1 to layer1.0.relu (5 lines)".
std::string operation_of(const Profile& p, const energy::Verified& v) {
  if (v.lines.empty()) return "not in the profile";
  const OpRun &first = p.lines[v.lines.front()].run, &last = p.lines[v.lines.back()].run;
  const std::string from = named(std::string(first.scope.layer));
  if (v.lines.size() == 1) return str(from, " (", first.op, ")");
  const std::string to = named(std::string(last.scope.layer));
  return str(from, from == to ? "" : " to " + to, " (", v.lines.size(), " lines)");
}

}  // namespace

std::vector<std::string> names(const ProfileRow& row, By by) {
  switch (by) {
    case By::layer:
      return {named(row.layer)};
    case By::phase:
      return {row.phase};
    case By::op:
      return {row.op};
    case By::implementation:
      return {row.op, row.implementation};
    case By::line:
      break;
  }
  return {named(row.layer), row.phase, row.op, row.implementation};
}

std::vector<std::string> heads(By by) {
  switch (by) {
    case By::layer:
      return {"layer"};
    case By::phase:
      return {"phase"};
    case By::op:
      return {"op"};
    case By::implementation:
      return {"op", "implementation"};
    case By::line:
      break;
  }
  return {"layer", "phase", "op", "implementation"};
}

std::string label(const ProfileRow& row, By by) {
  std::string text;
  for (const std::string& name : names(row, by)) text += (text.empty() ? "" : " ") + name;
  return text;
}

Table table_of(const Profile& p, By by, std::string caption) {
  Table table{.caption = std::move(caption), .head = heads(by), .folded = true};
  const std::size_t named = table.head.size();
  table.head.emplace_back("calls");
  if (p.times) table.head.insert(table.head.end(), {"time", "dense-equivalent GFLOP/s"});
  table.head.insert(table.head.end(), {"MACs", "zero operand", "skipped", "bytes", "density",
                                       "modelled energy", "attributed energy"});
  for (const ProfileRow& row : rows(p, by)) {
    append_numbers(table.rows.emplace_back(names(row, by)), row, p.times);
  }
  std::vector<std::string>& sum = table.rows.emplace_back(named);
  sum.front() = "total";
  append_numbers(sum, total(p), p.times);
  return table;
}

Table window_table(const Profile& p) {
  Table table{.caption = "Every window of the meter",
              .head = {"what ran", "begin, s", "end, s", "ticks", "power"},
              .folded = true};
  const std::int64_t start = p.windows.front().interval.begin.monotonic_ns;
  const auto seconds = [&](const energy::Reading& reading) {
    return fmt::format("{:.6f}", 1e-9 * static_cast<double>(reading.monotonic_ns - start));
  };
  for (const auto& [what, interval] : p.windows) {
    const std::string problem = interval.problem();
    table.rows.push_back(
        {what, seconds(interval.begin), seconds(interval.end),
         problem.empty() ? std::to_string(interval.ticks()) : "unavailable: " + problem,
         text(measure(p.meter, interval, energy::no_idle_power("")).power)});
  }
  return table;
}

Table verification_table(const Profile& p, const char* plus_minus) {
  require(p.verification.has_value(), "profile: it was not verified");
  Table table{.caption = "Attributed, and in a loop",
              .head = {"operation", "calls of a loop", "attributed per call", "looped per call",
                       "relative error", "intervals overlap"},
              .rows = {}};
  for (const energy::Verified& v : p.verification->operations) {
    const auto amount = [&](const energy::Figure<energy::Joules>& figure) {
      return figure.available() ? figure.amount(plus_minus) : "unavailable";
    };
    std::string error = "-", overlap = "-";
    if (v.error) error = fmt::format("{:+.3g} %", 100 * *v.error);
    if (v.half_width) {
      error += fmt::format("{}{:.2g} %", plus_minus, 100 * *v.half_width);
      overlap = energy::agree(v) ? "yes" : "no";
    }
    table.rows.push_back({operation_of(p, v), std::to_string(v.calls), amount(v.attributed),
                          amount(v.looped), error, overlap});
  }
  return table;
}

std::vector<std::string> verification_remarks(const Profile& p) {
  require(p.verification.has_value(), "profile: it was not verified");
  const auto [agree, known] = energy::agreement(*p.verification);
  std::vector<std::string> remarks{str("of ", p.verification->operations.size(), " operations ",
                                       known, " have both energies, and in ", agree,
                                       " of them the intervals overlap; each was looped "
                                       "after a pause down to ",
                                       p.verification->level, ", at an idle power of ",
                                       p.verification->idle_power)};
  for (const energy::Verified& v : p.verification->operations) {
    const std::string name = operation_of(p, v);
    if (!v.attributed.available())
      remarks.push_back(name + ", attributed: " + v.attributed.reason());
    if (!v.looped.available()) remarks.push_back(name + ", looped: " + v.looped.reason());
    if (!v.rested)
      remarks.push_back(str(name, ": the pauses before it came down to ", v.paused_at, " only"));
  }
  return remarks;
}

void add_environment(Page& page, const Profile& p) {
  page.heading("Environment and method");
  Pairs method = facts(p.meter);
  method.emplace_back("idle power", idle_method(p));
  method.emplace_back("windows", lengths(p));
  const std::string& why = p.attribution.why;
  method.emplace_back("attribution", str("by ", assumption(p.attribution.rule),
                                         why.empty() ? "" : "; it was chosen, as ", why));
  method.emplace_back("modelled energy", p.cost.name + ": " + p.cost.source);
  page.add(table_of("How it was measured", method));
  if (!p.environment.empty()) page.add(table_of("Machine and program", p.environment));
  if (!p.sources.empty()) page.add(table_of(p.sources));
}

}  // namespace joule::report
