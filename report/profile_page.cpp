// SPDX-License-Identifier: MIT
#include "joule/report/profile_page.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "joule/energy/json/values_json.h"
#include "joule/energy/measurement.h"
#include "joule/report/figures.h"
#include "joule/report/profile_tables.h"

namespace joule::report {
namespace {

using energy::By;
using energy::Figure;
using energy::Joules;
using energy::Profile;
using energy::ProfileRow;
using energy::Skipping;
using energy::Totals;

using Rows = std::vector<ProfileRow>;

constexpr int kMeasuredColor = 0, kModelledColor = 1;
/// Windows are drawn at least so many update periods long, so that their edges leave 5 % open.
constexpr double kPeriods = 20;
/// And no more of them than can be told apart.
constexpr double kMostStretches = 200;
constexpr std::int64_t kLeastShare = 1000;

std::vector<Card> measured_cards(const Profile& p) {
  const energy::Measurement& whole = p.attribution.whole;
  std::vector<Card> cards{card("Gross energy", whole.gross)};
  if (!whole.gross.available()) {
    cards.front().note = "why, and what to do, is said above";
    return cards;
  }
  cards.push_back(card("Idle energy", whole.idle));
  cards.push_back(card("Dynamic energy: gross - idle", whole.dynamic));
  cards.push_back(card("Unattributed", p.attribution.unattributed));
  cards.push_back(card("Mean power", whole.power));
  const energy::Ratio ratio = modelled_per_dynamic(p);
  if (ratio.value) {
    cards.push_back({.name = "Modelled / dynamic energy",
                     .value = fmt::format("{:.4g}", *ratio.value),
                     .note = "how far the model is from the meter here"});
  }
  return cards;
}

std::string share_of(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? count(part)
                    : count(part) + " (" +
                          percent(static_cast<double>(part) / static_cast<double>(whole)) + ")";
}

std::vector<Card> work_cards(const Profile& p) {
  const Totals sum = total(p).totals;
  std::vector<Card> cards{
      card("Modelled energy, as executed", p.cost.energy(sum, Skipping::executed)),
      card("Modelled, had nothing been skipped", p.cost.energy(sum, Skipping::none)),
      card("Modelled, had every counted zero been skipped", p.cost.energy(sum, Skipping::ideal)),
      {.name = "MACs",
       .value = count(sum.work.macs),
       .note = share_of(sum.tally.macs_skippable, sum.work.macs) + " had a zero operand; " +
               share_of(sum.tally.macs_skipped, sum.work.macs) + " were skipped"}};
  const Totals forward = forward_work(p, [](const auto&) { return true; });
  if (const auto density = forward.density()) {
    cards.push_back({.name = "Density",
                     .value = percent(*density),
                     .note = "of the operands whose zeros count, in the forward pass"});
  }
  if (p.times) {
    const energy::Seconds time(1e-9 * static_cast<double>(sum.tally.nanoseconds));
    cards.push_back({.name = "Time in operations",
                     .value = str(time),
                     .note = fmt::format("{} calls; {} steps of {} images", count(sum.calls),
                                         p.steps, p.batch)});
  }
  return cards;
}

/// What cannot be known here, and what to do about it.
void say_unavailable(Page& page, const Profile& p) {
  const auto& [gross, idle, dynamic, power, duration, remarks] = p.attribution.whole;
  if (!gross.available()) {
    page.warning(
        none_can_be_read(p.sources)
            ? kSeeSources
            : fmt::format("Measured energy is unavailable ({}: {}).{}{}", gross.source(),
                          gross.reason(),
                          p.meter.remedy.empty() ? "" : " What to do: " + p.meter.remedy + ".",
                          p.sources.empty() ? "" : " The table at the end has every source."));
    page.paragraph(fmt::format(
        "Work and time need no meter. Modelled energy is counted work times the constants of {}.",
        p.cost.name));
  } else if (!dynamic.available()) {
    page.warning(
        fmt::format("No energy is attributed to layers and operations: {}.", dynamic.reason()));
  }
}

struct Panel {
  std::string title, group;
  int color;
  std::function<const Figure<Joules>&(const ProfileRow&)> of;
};

/// Energies on an axis of their own.  What is unavailable is left out; false if that is all.
bool energy_panel(const Rows& rows, By by, const Panel& panel, BarChart& chart) {
  double largest = 0;
  for (const ProfileRow& row : rows) {
    const Figure<Joules>& figure = panel.of(row);
    if (figure.available()) largest = std::max(largest, std::abs(figure.value().value()));
  }
  if (largest == 0) return false;
  const Scale scale = scale_for(largest, "J");
  BarGroup group{.name = panel.group, .color = panel.color};
  for (const ProfileRow& row : rows) {
    chart.categories.push_back(label(row, by));
    const Figure<Joules>& figure = panel.of(row);
    auto& value = group.values.emplace_back();
    auto& spread = group.spreads.emplace_back();
    if (!figure.available()) continue;
    value = scale.factor * figure.value().value();
    if (!figure.uncertainty()) continue;
    const double width = scale.factor * figure.uncertainty()->value();
    spread = {*value - width, *value + width};
  }
  chart.title = panel.title;
  chart.value_title = "energy, " + scale.unit;
  chart.groups = {group};
  chart.lying = true;
  return true;
}

BarChart time_chart(const Rows& rows, By by, const char* what) {
  std::int64_t longest = 0;
  for (const ProfileRow& row : rows) longest = std::max(longest, row.totals.tally.nanoseconds);
  const Scale scale = scale_for(1e-9 * static_cast<double>(longest), "s");
  BarChart chart{.title = fmt::format("Time per {}", what),
                 .value_title = "time, " + scale.unit,
                 .groups = {{.name = "all calls", .color = 3}},
                 .lying = true};
  for (const ProfileRow& row : rows) {
    chart.categories.push_back(label(row, by));
    chart.groups[0].values.emplace_back(scale.factor * 1e-9 *
                                        static_cast<double>(row.totals.tally.nanoseconds));
  }
  return chart;
}

/// Energies, attributed and modelled, and times, beside each other.
void add_costs(Page& page, const Profile& p, const Rows& rows, By by, const char* what) {
  const Panel panels[] = {{fmt::format("Attributed energy per {}", what),
                           fmt::format("by {}, with its interval", name(p.attribution.rule)),
                           kMeasuredColor,
                           [](const ProfileRow& row) -> const auto& {return row.attributed;
}
}  // namespace
, {
  fmt::format("Modelled energy per {}", what), p.cost.name + ", with the range of its constants",
      kModelledColor, [](const ProfileRow& row) -> const auto& {
    return row.modelled;
  }
}
};  // namespace joule::report
std::vector<BarChart> charts;
for (const Panel& panel : panels) {
  BarChart chart;
  if (energy_panel(rows, by, panel, chart)) charts.push_back(std::move(chart));
}
if (p.times) charts.push_back(time_chart(rows, by, what));
page.add(charts);
std::vector<std::string> missing;
for (const ProfileRow& row : rows) {
  if (row.attributed.available() || !p.attribution.whole.dynamic.available()) continue;
  missing.push_back(label(row, by) + " has no attributed energy: " + row.attributed.reason());
}
page.list(missing);
}

/// The layers that are worth a bar.
Rows with_macs(const Rows& layers) {
  std::int64_t most = 0;
  for (const ProfileRow& row : layers) most = std::max(most, row.totals.work.macs);
  Rows kept;
  std::ranges::copy_if(layers, std::back_inserter(kept), [&](const ProfileRow& row) {
    return row.totals.work.macs > most / kLeastShare;
  });
  return kept;
}

BarChart macs_chart(const Rows& layers) {
  std::int64_t most = 0;
  for (const ProfileRow& row : layers) most = std::max(most, row.totals.work.macs);
  const Scale scale = scale_for(static_cast<double>(most), "");
  BarChart chart{.title = "MACs per layer",
                 .value_title = scale.unit.empty() ? "MACs" : "MACs, " + scale.unit,
                 .groups = {{.name = "executed", .color = 7},
                            {.name = "executed though an operand was 0", .color = 5},
                            {.name = "skipped", .color = 2}},
                 .lying = true,
                 .stacked = true};
  for (const ProfileRow& row : layers) {
    const auto& [calls, work, tally] = row.totals;
    chart.categories.push_back(label(row, By::layer));
    const std::int64_t met = std::max<std::int64_t>(0, tally.macs_skippable - tally.macs_skipped);
    const std::int64_t parts[] = {work.macs - tally.macs_skipped - met, met, tally.macs_skipped};
    for (std::size_t i = 0; i < std::size(parts); ++i) {
      chart.groups[i].values.emplace_back(scale.factor * static_cast<double>(parts[i]));
    }
  }
  return chart;
}

BarChart density_chart(const Profile& p, const Rows& layers) {
  BarChart chart{.title = "Density per layer",
                 .value_title = "values that are not 0, %",
                 .groups = {{.name = "operands of the forward pass", .color = 6}},
                 .lying = true};
  for (const ProfileRow& row : layers) {
    const auto density = forward_work(p, [&](const auto& line) {
                           return line.run.scope.layer == row.layer;
                         }).density();
    chart.categories.push_back(label(row, By::layer));
    auto& value = chart.groups[0].values.emplace_back();
    if (density) value = 100 * *density;
  }
  return chart;
}

void add_layers(Page& page, const Profile& p) {
  const Rows layers = rows(p, By::layer);
  page.heading("Layers");
  add_costs(page, p, layers, By::layer, "layer");
  if (const Rows kept = with_macs(layers); !kept.empty()) {
    page.add(std::vector{macs_chart(kept), density_chart(p, kept)});
    page.paragraph(fmt::format(
        "Layers with less than a {}th of the most MACs are only in the table.", kLeastShare));
  }
  page.add(table_of(p, By::layer, "Every layer"));
}

void add_operations(Page& page, const Profile& p) {
  page.heading("Operations");
  add_costs(page, p, rows(p, By::op), By::op, "operation");
  Table operations = table_of(p, By::op, "Every operation");
  operations.folded = false;
  page.add(operations)
      .add(table_of(p, By::implementation, "Which implementations ran"))
      .add(table_of(p, By::line, "Every line of the ledger"));
}

/// The mean powers of windows that follow on each other, put together until they are long enough.
std::vector<Stretch> powers(const Profile& p, std::span<const energy::ProfileWindow> windows,
                            double shortest) {
  const std::int64_t start = p.windows.front().interval.begin.monotonic_ns;
  const auto seconds = [&](const energy::Reading& reading) {
    return 1e-9 * static_cast<double>(reading.monotonic_ns - start);
  };
  std::vector<Stretch> found;
  energy::Interval open = windows.front().interval;
  for (const energy::ProfileWindow& window : windows) {
    open.end = window.interval.end;
    const bool last = &window == &windows.back();
    if (!last && open.duration().value() < shortest) continue;
    const auto power = measure(p.meter, open, energy::no_idle_power("")).power;
    if (power.available()) {
      found.push_back({seconds(open.begin), seconds(open.end), power.value().value(),
                       power.uncertainty().value_or(energy::Watts()).value()});
    }
    open = {window.interval.end, {}};
  }
  return found;
}

void add_power(Page& page, const Profile& p) {
  if (p.windows.empty()) return;
  const double span =
      (p.windows.back().interval.end.monotonic_ns - p.windows.front().interval.begin.monotonic_ns) *
      1e-9;
  const double period = p.meter.update_period.value_or(energy::Seconds()).value();
  const double shortest = std::max(kPeriods * period, span / kMostStretches);
  LineChart chart{.title = "Power over time",
                  .x_title = "time since the first reading, s",
                  .y_title = "mean power between two readings, W",
                  .zero_y = true};
  if (p.idle_power.available()) chart.reference = p.idle_power.value().value();
  for (auto from = p.windows.begin(); from != p.windows.end();) {
    const auto to = std::find_if(from, p.windows.end(),
                                 [&](const auto& window) { return window.what != from->what; });
    const auto found = powers(p, {from, to}, shortest);
    if (!found.empty()) chart.lines.push_back(stretches(from->what, found));
    from = to;
  }
  page.heading("Power over time");
  if (chart.lines.empty()) {
    page.paragraph("Unavailable: no window has an energy that the counter can resolve.");
    return;
  }
  page.paragraph(fmt::format(
      "Differences of the readings of {} over their times, with intervals; windows shorter than {} "
      "are put together.{} Where there is no line, the meter was not read.",
      source(p.meter), str(energy::Seconds(shortest)),
      chart.reference ? " The rule is the idle power." : ""));
  page.add(chart).add(window_table(p));
}

}  // namespace

std::string to_html(const Profile& p) {
  Page page(fmt::format("Profile of {}", p.model),
            fmt::format("{}, {}; {}: {} steps of {} images, after {} to warm up", p.input, p.data,
                        p.mode, p.steps, p.batch, p.warmup));
  say_unavailable(page, p);
  for (const std::string& note : p.notes) page.warning(note);
  page.heading("Energy and work");
  std::vector<Card> cards = measured_cards(p);
  std::ranges::move(work_cards(p), std::back_inserter(cards));
  page.add(cards);
  std::vector<std::string> others;
  for (const auto& [meter, why, gross] : p.beside) {
    others.push_back(str("Not in the sum: ", gross, ": ", why, "."));
  }
  page.list(others);
  page.list(
      {str("Attributed by ", assumption(p.attribution.rule), ": the intervals hold if that is so."),
       "Measured: the difference of two readings of a meter. Attributed: a share of that, by a "
       "stated rule. Modelled: counted work times constants; nothing was measured.",
       "An interval of measured energy is a bound of its error; of idle and dynamic energy it "
       "holds "
       "the truth in 95 of 100 runs. How far a model is from the truth no interval says.",
       "MACs are those of the dense algorithm. One that had a zero operand could have been "
       "skipped; it earns nothing unless it was."});
  add_layers(page, p);
  add_operations(page, p);
  if (p.verification) {
    page.heading("Attributed, and in a loop").add(verification_table(p, " ± "));
    page.list(verification_remarks(p));
  }
  add_power(page, p);
  add_environment(page, p);
  return page.data(json_of(p)).html();
}

}  // namespace joule::report
