// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/error.h"
#include "joule/report/compare/groups.h"
#include "joule/report/compare/outputs.h"
#include "joule/report/text_layout.h"

namespace joule::report {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string text_of(const Quantity& quantity, const Amount& amount) {
  if (!amount.value) return "unavailable";
  const std::string value = shown(quantity, *amount.value);
  return amount.half_width ? str(value, " +- ", shown(quantity, *amount.half_width)) : value;
}

TextTable table_of(Rows rows) {
  TextTable table = text_table(std::move(rows));
  table.rule = true;
  return table;
}

/// The caveats of means and differences, each once: what their stars mean.
std::vector<std::string> caveats_of(const Comparison& c) {
  std::vector<std::string> caveats;
  const auto add = [&](const Quantity& quantity, const std::string& caveat) {
    const std::string text = str("* ", quantity.name, ": ", caveat);
    if (!caveat.empty() && std::ranges::find(caveats, text) == caveats.end()) {
      caveats.push_back(text);
    }
  };
  for (const std::size_t q : known_quantities(c)) {
    for (const Group& group : c.groups) add(quantities()[q], group.figures[q].caveat);
    for (const auto& of_group : c.differences) {
      if (!of_group.empty()) add(quantities()[q], of_group[q].caveat);
    }
  }
  return caveats;
}

}  // namespace

Rows run_rows(const Comparison& c) {
  std::vector<std::string> head{"run", "group", "seed", "epochs"};
  const std::vector<std::size_t> known = known_quantities(c);
  for (const std::size_t q : known) head.push_back(quantities()[q].name);
  Rows rows{head};
  for (std::size_t i = 0; i < c.runs.size(); ++i) {
    const ComparedRun& run = c.runs[i];
    std::vector<std::string> row{
        run.name, c.groups[c.group_of(i)].name, std::to_string(run.config.seed),
        run.finished ? std::to_string(run.epochs.size())
                     : str(run.epochs.size(), " of ", run.config.epochs, ", not finished")};
    for (const std::size_t q : known) {
      row.push_back(text_of(quantities()[q], amount_of(quantities()[q], run.epochs)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Rows group_rows(const Comparison& c) {
  std::vector<std::string> head{""};
  for (std::size_t g = 0; g < c.groups.size(); ++g) {
    head.push_back(c.groups[g].name);
    if (g > 0) head.push_back(str("less ", c.groups[0].name));
  }
  Rows rows{head};
  for (const std::size_t q : known_quantities(c)) {
    std::vector<std::string> row{quantities()[q].name};
    for (std::size_t g = 0; g < c.groups.size(); ++g) {
      row.push_back(report::text_of(quantities()[q], c.groups[g].figures[q]));
      if (g > 0) row.push_back(report::text_of(quantities()[q], c.differences[g][q]));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Rows contrast_rows(const Comparison& c, const std::vector<Contrast>& contrasts) {
  std::vector<std::string> head{""};
  for (const Group& group : c.groups) head.push_back(group.name);
  Rows rows{head};
  for (const Contrast& contrast : contrasts) {
    std::vector<std::string> row{contrast.what};
    row.insert(row.end(), contrast.values.begin(), contrast.values.end());
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string front_line(const Comparison& c, const AccuracyEnergy& found) {
  std::string line =
      str(quantities()[found.accuracy].name, " against ", quantities()[found.energy].name, ": ");
  if (!found.front) {
    line += "no front, as not every group held images back to choose by (--validation)";
  } else {
    std::vector<std::string> names;
    for (const std::size_t g : *found.front) names.push_back(c.groups[g].name);
    line += "front, from the least energy on: " + joined(names);
    std::vector<std::string> pairs;
    for (const auto& [a, b] : found.unseparated) {
      pairs.push_back(str(c.groups[a].name, " and ", c.groups[b].name));
    }
    if (!pairs.empty()) line += "; intervals do not tell apart " + joined(pairs);
  }
  if (!found.left_out.empty()) line += "; left out: " + joined(found.left_out);
  return line + (found.caveat.empty() ? "." : "; " + found.caveat + ".");
}

std::string to_text(const Comparison& c, std::size_t width) {
  std::string text = report::text_of(table_of(run_rows(c)), width) + "\n";
  text += wrapped(c.groups.size() > 1
                      ? str("Means [95 % intervals over the runs of a group], and differences to ",
                            c.groups[0].name, ":")
                      : "Means [95 % intervals over the runs]:",
                  width) +
          "\n";
  text += report::text_of(table_of(group_rows(c)), width);
  const auto lines = [&](const std::vector<std::string>& all, const std::string& prefix) {
    for (const std::string& line : all) text += wrapped(prefix + line, width, 2) + "\n";
  };
  lines(caveats_of(c), "");
  text += "\n";
  for (const AccuracyEnergy& found : c.fronts)
    text += wrapped(front_line(c, found), width, 2) + "\n";
  if (!c.fields.empty()) {
    text += str("\nDiffers in the configurations (", c.common.size(), " options do not):\n");
    text += report::text_of(table_of(contrast_rows(c, c.fields)), width);
  }
  if (!c.environment.empty()) {
    text += "\nDiffers in machine and program:\n";
    text += report::text_of(table_of(contrast_rows(c, c.environment)), width);
  }
  if (!c.warnings.empty()) text += "\n";
  lines(c.warnings, "note: ");
  return text;
}

}  // namespace joule::report
