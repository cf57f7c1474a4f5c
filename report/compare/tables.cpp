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
  if (!amount.half_width) return value;
  if (quantity.quality != "modelled")
    return str(value, " +- ", shown(quantity, *amount.half_width));
  // No measurement is behind the range of a model's constants.
  return str(value, ", between ",
             shown(quantity, std::max(0.0, *amount.value - *amount.half_width)), " and ",
             shown(quantity, *amount.value + *amount.half_width));
}

TextTable table_of(Rows rows, std::size_t names = 1) {
  TextTable table = text_table(std::move(rows));
  table.names = names;
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

/// "load before: a 0.10; b 0.20".
std::vector<std::string> environment_lines(const Comparison& c) {
  std::vector<std::string> all;
  for (const Contrast& contrast : c.environment) {
    std::string& line = all.emplace_back(contrast.what + ":");
    for (std::size_t g = 0; g < c.groups.size(); ++g) {
      line += str(g > 0 ? ";" : "", " ", c.groups[g].name, " ", contrast.values[g]);
    }
  }
  return all;
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

Rows mean_rows(const Comparison& c) {
  std::vector<std::string> head{""};
  for (const Group& group : c.groups) head.push_back(group.name);
  Rows rows{head};
  for (const std::size_t q : known_quantities(c)) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(quantities()[q].name);
    for (const Group& group : c.groups) {
      row.push_back(report::text_of(quantities()[q], group.figures[q]));
    }
  }
  return rows;
}

Rows difference_rows(const Comparison& c) {
  std::vector<std::string> head{str("less ", c.groups[0].name)};
  for (std::size_t g = 1; g < c.groups.size(); ++g) head.push_back(c.groups[g].name);
  Rows rows{head};
  for (const std::size_t q : known_quantities(c)) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(quantities()[q].name);
    for (std::size_t g = 1; g < c.groups.size(); ++g) {
      row.push_back(report::text_of(quantities()[q], c.differences[g][q]));
    }
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
    names.clear();
    for (const std::size_t g : found.perhaps) names.push_back(c.groups[g].name);
    if (!names.empty()) line += "; intervals do not rule out " + joined(names);
  }
  if (!found.left_out.empty()) line += "; left out: " + joined(found.left_out);
  return line + (found.caveat.empty() ? "." : "; " + found.caveat + ".");
}

std::vector<std::string> unavailable_lines(const Comparison& c) {
  std::vector<std::string> lines;
  const std::vector<std::size_t> known = known_quantities(c);
  const bool metered = std::ranges::any_of(known, [](std::size_t q) {
    return quantities()[q].quality == "measured" || quantities()[q].quality == "sampled";
  });
  for (std::size_t q = 0; q < quantities().size(); ++q) {
    if (!quantities()[q].is_energy() || std::ranges::count(known, q) > 0) continue;
    // Of what a meter told one line is enough, and none where it is known.
    const bool by_model = quantities()[q].quality == "modelled";
    if (!by_model && (metered || quantities()[q].quality == "sampled")) continue;
    lines.push_back(
        str(quantities()[q].name, ": unavailable (", c.groups[0].figures[q].reason, ")."));
  }
  return lines;
}

std::string to_text(const Comparison& c, std::size_t width) {
  std::string text = report::text_of(table_of(run_rows(c), 2), width) + "\n";
  text += wrapped("Means over the runs of a group [95 % intervals]:", width) + "\n";
  text += report::text_of(table_of(mean_rows(c)), width);
  if (c.groups.size() > 1) {
    text += "\n" + wrapped("Differences of the means [95 % intervals]:", width) + "\n";
    text += report::text_of(table_of(difference_rows(c)), width);
  }
  const auto lines = [&](const std::vector<std::string>& all, const std::string& prefix) {
    for (const std::string& line : all) text += wrapped(prefix + line, width, 2) + "\n";
  };
  lines(caveats_of(c), "");
  text += "\n";
  for (const AccuracyEnergy& found : c.fronts)
    text += wrapped(front_line(c, found), width, 2) + "\n";
  lines(unavailable_lines(c), "");
  if (!c.fields.empty()) {
    text += str("\nDiffers in the configurations (", c.common.size(), " options do not):\n");
    text += report::text_of(table_of(contrast_rows(c, c.fields)), width);
  }
  if (!c.environment.empty()) {
    text += "\nDiffers in machine and program:\n";
    lines(environment_lines(c), "  ");  // sentences, which a table would stretch
  }
  if (!c.warnings.empty()) text += "\n";
  lines(c.warnings, "note: ");
  return text;
}

}  // namespace joule::report
