// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>

#include "joule/bench/json.h"
#include "joule/bench/modelled_energy.h"
#include "joule/bench/steps/steps_report.h"
#include "joule/report/page.h"
#include "joule/report/text_layout.h"
#include "joule/training/config.h"

namespace joule::bench {
namespace {

constexpr const char* kHowToReadSteps =
    "Images per second are the median over the rounds of each round's median step, with the "
    "quartiles "
    "in brackets; the ratios are those of the same round. Every measurement is a process of its "
    "own, "
    "the sides took turns in random order, and each ran in the layout and the slices of the batch "
    "that were quickest for it. Peak memory is the resident memory of that process while it steps. "
    "Modelled energy is counted work times the constants of the profile horowitz45, for the MACs "
    "that "
    "were executed: no joule was measured. PyTorch does not count, so nothing is modelled for "
    "it.";

std::string with_quartiles(const Spread& s) {
  const int decimals = s.median < 10 ? 2 : s.median < 100 ? 1 : 0;
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", s.median, decimals, s.lower, decimals, s.upper,
                     decimals);
}

std::string ratio(const std::optional<Spread>& s) { return s ? with_quartiles(*s) : "-"; }

/// The head, and a line per side.
std::vector<std::vector<std::string>> rows_of(const NetReport& net, std::int64_t batch) {
  std::vector<std::vector<std::string>> rows{{"side", "images/s", "over PyTorch", "over dense",
                                              "peak memory", "ReLU density", "MACs skipped",
                                              "modelled, 1000 images", "way"}};
  for (const SideReport& side : net.sides) {
    std::string density = "-", skipped = "-", joules = "-";
    if (side.counted) {
      const energy::Totals& work = side.counted->work;
      density = fmt::format("{:.3f}", side.counted->density);
      const auto macs = static_cast<double>(work.work.macs);
      skipped = macs > 0 ? fmt::format("{:.1f} %",
                                       100 * static_cast<double>(work.tally.macs_skipped) / macs)
                         : "-";
      joules = str(
          per_1000_images(energy::horowitz45(), work, energy::Skipping::executed, batch).value());
    }
    rows.push_back({side.name, with_quartiles(side.images_per_second), ratio(side.over_pytorch),
                    ratio(side.over_dense),
                    fmt::format("{:.0f} MB", 1e-6 * static_cast<double>(side.peak_bytes)), density,
                    skipped, joules, side.way.empty() ? "-" : side.way});
  }
  return rows;
}

std::string title(const NetReport& net) {
  const std::string size = str(net.spec.image, "x", net.spec.channels);
  return fmt::format("{} ({}), ", net.spec.name, net.weights) +
         (net.data == kRandomImages ? "random images of " + size
                                    : "images of " + size + " from " + net.data);
}

std::vector<std::string> notes(const NetReport& net) {
  std::vector<std::string> all;
  for (const SideReport& side : net.sides) {
    if (!side.library.empty()) all.push_back(side.name + ": " + side.library);
  }
  for (const Omitted& o : net.omitted) all.push_back("left out: " + o.name + ": " + o.reason);
  return all;
}

/// Relative to Joule, as nets differ by orders of magnitude.
report::BarChart chart(const StepsReport& report) {
  report::BarChart chart{.title = "Images per second, relative to Joule",
                         .value_title = "relative to Joule"};
  const auto rate = [](const NetReport& net, std::string_view side) -> std::optional<double> {
    for (const SideReport& s : net.sides) {
      if (s.name == side) return s.images_per_second.median;
    }
    return std::nullopt;
  };
  for (const char* side : {"joule", "joule, dense", "PyTorch", "PyTorch, compiled"}) {
    report::BarGroup group{.name = side};
    for (const NetReport& net : report.nets) {
      const auto here = rate(net, side);
      group.values.push_back(here ? std::optional(*here / *rate(net, "joule")) : std::nullopt);
    }
    const bool any = std::any_of(group.values.begin(), group.values.end(),
                                 [](const auto& value) { return value.has_value(); });
    if (any) chart.groups.push_back(std::move(group));
  }
  for (const NetReport& net : report.nets) {
    chart.categories.push_back(net.spec.name + ", " + net.weights);
  }
  return chart;
}

}  // namespace

std::string table(const NetReport& net, std::int64_t batch, std::size_t width) {
  report::TextTable grid = report::text_table(rows_of(net, batch));
  grid.gap = "   ";
  grid.rule = true;
  std::string text = title(net) + "\n" + report::text_of(grid, width);
  for (const std::string& note : notes(net)) text += "  " + note + "\n";
  return text + "  modelled: horowitz45 on the MACs that were executed; no joule was measured\n\n";
}

std::string to_html(const StepsReport& report) {
  report::Page page(report.train ? "Training steps" : "Inference",
                    summary(report.environment) + "; " + report.environment.date);
  for (const std::string& warning : report.environment.warnings) page.warning(warning);
  page.paragraph(kHowToReadSteps);
  page.paragraph(fmt::format("Batch {}, {} rounds of {} steps, on {}, products in {}.",
                             report.batch, report.rounds, report.steps, report.device,
                             training::products_in({.device = report.device,
                                                    .precision = report.precision,
                                                    .algorithms = report.algorithms})));
  page.add(chart(report));
  for (const NetReport& net : report.nets) {
    auto rows = rows_of(net, report.batch);
    report::Table table{.caption = title(net), .head = std::move(rows[0])};
    table.rows.assign(rows.begin() + 1, rows.end());
    page.add(table).list(notes(net));
  }
  return page.data(json_of(report)).html();
}

}  // namespace joule::bench
