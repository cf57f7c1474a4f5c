// SPDX-License-Identifier: MIT
#include "joule/cli/output/profile_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "joule/core/error.h"
#include "joule/report/figures.h"
#include "joule/report/profile_tables.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace)
using report::count;
using report::heads;
using report::names;
using Cells = std::vector<std::string>;

std::string figure_text(const Figure<Joules>& figure) {
  return figure.available() ? figure.amount() : "unavailable";
}

std::string number(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

Cells with_numbers(Cells cells, const ProfileRow& row, bool times) {
  const auto& [calls, work, tally] = row.totals;
  const Seconds time(1e-9 * static_cast<double>(tally.nanoseconds));
  for (std::string text :
       {count(calls), times ? str(time) : "-", number(times ? gflops(row.totals) : std::nullopt, 1),
        count(work.macs), count(tally.macs_skippable), count(tally.macs_skipped),
        count(work.bytes_read + work.bytes_written), number(row.totals.density(), 3),
        figure_text(row.modelled), figure_text(row.attributed)}) {
    cells.push_back(std::move(text));
  }
  return cells;
}

std::string window_text(const Profile& p, std::size_t width) {
  const Attribution& a = p.attribution;
  std::string text = fmt::format("energy by {}\n", source(p.meter));
  constexpr std::size_t kIndent = 15;
  const auto add = [&](const char* what, const std::string& is) {
    text += report::wrapped(fmt::format("  {:<13}{}", what, is), width, kIndent) + "\n";
  };
  const auto line = [&](const char* what, const auto& figure) { add(what, str(figure)); };
  line("gross", a.whole.gross);
  if (a.whole.gross.available()) {
    line("idle", a.whole.idle);
    line("dynamic", a.whole.dynamic);
    line("unattributed", a.unattributed);
  }
  for (const auto& [meter, why, gross] : p.beside) {
    add("not in it", str(gross, ": ", why));
  }
  if (!p.meter.remedy.empty()) add("to do", p.meter.remedy);
  return text;
}

}  // namespace

std::string table(const Profile& p, By by, std::size_t width) {
  Cells head = heads(by);
  const std::size_t named = head.size();
  for (const char* text : {"calls", "time", "dense GFLOP/s", "MACs", "skippable", "skipped",
                           "bytes", "density", "modelled", "attributed"}) {
    head.emplace_back(text);
  }
  report::TextTable grid{.head = head, .names = named};
  for (const ProfileRow& row : rows(p, by)) {
    grid.rows.push_back(with_numbers(names(row, by), row, p.times));
  }
  Cells sum(named);
  sum.front() = "total";
  grid.rows.push_back(with_numbers(sum, total(p), p.times));

  const Ratio ratio = modelled_per_dynamic(p);
  std::string text = fmt::format("{}, {}, {}: {} steps of {} images ({})\n\n", p.model, p.input,
                                 p.data, p.steps, p.batch, p.mode);
  text += text_of(grid, width) + "\n" + window_text(p, width);
  // Why nothing was measured stands above.
  const bool measured = p.attribution.whole.gross.available();
  text += report::wrapped(
              fmt::format("modelled / dynamic  {}",
                          ratio.value ? fmt::format("{:.4g} (by {})", *ratio.value, p.cost.name)
                          : measured  ? "none: " + ratio.reason
                                      : "none, as nothing was measured"),
              width, 2) +
          "\n";
  text += fmt::format("modelled: by {}, what the kernels executed\n", p.cost.name);
  if (p.attribution.whole.dynamic.available()) {
    text += fmt::format("{}\n", assumption(p.attribution.rule));
  }
  if (!p.attribution.why.empty()) {
    text += fmt::format("why {}: {}\n", name(p.attribution.rule), p.attribution.why);
  }
  if (p.verification) {
    const report::Table verified = report::verification_table(p, " +- ");
    text += "\n" + report::text_of({.head = verified.head, .rows = verified.rows}, width);
    for (const std::string& remark : report::verification_remarks(p)) text += remark + "\n";
  }
  for (const std::string& note : p.notes) text += fmt::format("note: {}\n", note);
  return text;
}

}  // namespace joule::cli
