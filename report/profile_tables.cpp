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
