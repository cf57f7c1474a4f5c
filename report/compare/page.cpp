// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>
#include <utility>

#include "joule/core/error.h"
#include "joule/report/compare/charts.h"
#include "joule/report/compare/outputs.h"

namespace joule::report {
namespace {

Table table_of(std::string caption, std::vector<std::vector<std::string>> rows,
               bool prose = false) {
  Table table{.caption = std::move(caption), .head = std::move(rows.front()), .prose = prose};
  rows.erase(rows.begin());
  table.rows = std::move(rows);
  return table;
}

void add_figures(Page& page, const Comparison& c) {
  page.heading("Means and differences");
  page.paragraph(
      "After the last epoch, over the runs of a group, which differ in their seeds alone. In "
      "brackets is the interval that holds the mean with 95 % confidence (Student's), or the "
      "difference of two means (Welch's); each by itself, not all together. n is the number of "
      "runs; what a meter or a profile is itself unsure of is not in the interval. Energies are "
      "those of the whole training, validation and test included; the testing energy is that of "
      "one pass over the test images, after the last epoch.");
  page.add(table_of("Means", mean_rows(c)));
  if (c.groups.size() > 1) page.add(table_of("Differences", difference_rows(c)));
  bool stars = false;
  for (const Group& group : c.groups) {
    for (const GroupFigure& figure : group.figures) stars = stars || !figure.caveat.empty();
  }
  for (const auto& of_group : c.differences) {
    for (const GroupDifference& d : of_group) stars = stars || !d.caveat.empty();
  }
  if (stars) page.paragraph("* see the warnings above: not all is of one machine and meter.");
}

void add_energy(Page& page, const Comparison& c) {
  page.heading("Accuracy and energy").add(front_charts(c));
  std::vector<std::string> lines = unavailable_lines(c);
  for (const AccuracyEnergy& found : c.fronts) lines.push_back(front_line(c, found));
  page.list(lines).add(energy_bars(c));
}

void add_differences(Page& page, const Comparison& c) {
  page.heading("What differs");
  if (c.fields.empty()) page.paragraph("No option: the configurations are the same.");
  if (!c.fields.empty()) page.add(table_of("Options", contrast_rows(c, c.fields)));
  if (c.environment.empty()) {
    bool recorded = true;
    for (const ComparedRun& run : c.runs) recorded = recorded && run.environment.has_value();
    page.paragraph(recorded ? "Nothing of what is recorded of machine and program."
                            : "Machine and program are not recorded.");
  } else {
    page.add(table_of("Machine and program", contrast_rows(c, c.environment), true));
  }
  Table common = report::table_of("What all have in common", c.common);
  common.folded = true;
  page.add(common);
}

}  // namespace

std::string to_html(const Comparison& c) {
  std::string names;
  for (const Group& group : c.groups) {
    names += str(names.empty() ? "" : "; ", group.name, " (n = ", group.counted.size(), ")");
  }
  Page page(str("Comparison of ", c.runs.size(), " training runs"), names);
  for (const std::string& warning : c.warnings) page.warning(warning);
  add_figures(page, c);
  page.heading("Over the epochs");
  for (const Group& group : c.groups) {
    if (static_cast<std::size_t>(group.epochs) <= kMostCurvePoints) continue;
    page.paragraph(
        str("Of ", group.name, " every ",
            (static_cast<std::size_t>(group.epochs) + kMostCurvePoints - 1) / kMostCurvePoints,
            "th epoch is shown, and the last."));
  }
  page.add(curve_charts(c));
  add_energy(page, c);
  add_differences(page, c);
  page.heading("The runs").add(table_of("Every run, after its last epoch", run_rows(c)));
  return page.data(json_of(c)).html();
}

}  // namespace joule::report
