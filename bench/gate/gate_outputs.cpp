// SPDX-License-Identifier: MIT
#include "joule/bench/gate/gate_outputs.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/bench/statistics.h"
#include "joule/core/error.h"
#include "joule/energy/quantity.h"
#include "joule/report/text_layout.h"

namespace joule::bench {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kManyRows = 40;

std::string shown(const GateFigure& figure, double value) {
  if (figure.unit == "J") return str(energy::Joules(value));
  if (figure.unit == "s") return str(energy::Seconds(value));
  const std::string number =
      figure.exact ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
  return figure.unit.empty() ? number : number + " " + figure.unit;
}

/// What stands for a set: the sum of exact values, else the median; nothing if there are none.
std::optional<double> middle(const GateFigure& figure, bool fresh) {
  if (figure.exact) {
    return static_cast<double>(fresh ? figure.exact->second : figure.exact->first);
  }
  const std::vector<double>& values = fresh ? figure.fresh : figure.base;
  if (values.empty()) return {};
  return spread(values).median;
}

std::string cell(const GateFigure& figure, bool fresh) {
  const std::optional<double> value = middle(figure, fresh);
  if (!value) return "-";
  if (figure.exact) return shown(figure, *value);
  return fmt::format("{} ({})", shown(figure, *value),
                     fresh ? figure.fresh.size() : figure.base.size());
}

bool is_quiet(const GateRow& row) {
  return row.verdict == Verdict::same || row.verdict == Verdict::not_told_apart ||
         row.verdict == Verdict::within_tolerance;
}

ordered_json values_json(const GateFigure& figure, bool fresh) {
  ordered_json json{{"value", nullptr}, {"values", fresh ? figure.fresh : figure.base}};
  if (const auto value = middle(figure, fresh)) json["value"] = *value;
  return json;
}

template <class T>
ordered_json gate_or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json row_json(const GateRow& row) {
  const GateFigure& figure = row.figure;
  return {{"name", figure.name},
          {"kind", name(figure.kind)},
          {"unit", figure.unit},
          {"better", figure.more_is_better ? "more" : "less"},
          {"exact", figure.exact.has_value()},
          {"base", values_json(figure, false)},
          {"new", values_json(figure, true)},
          {"ratio", gate_or_null(row.ratio)},
          {"p", gate_or_null(row.p)},
          {"verdict", name(row.verdict)},
          {"reason", row.reason.empty() ? ordered_json() : ordered_json(row.reason)}};
}

}  // namespace

ordered_json json_of(const Gate& gate) {
  ordered_json figures = ordered_json::array(), kinds = ordered_json::array();
  for (const GateRow& row : gate.rows) figures.push_back(row_json(row));
  for (const GateKind kind : gate.options.kinds) kinds.push_back(name(kind));
  return {{"schema", {{"name", "joule.gate"}, {"version", kGateSchema}}},
          {"outcome", name(gate.outcome())},
          {"options",
           {{"tolerance", gate.options.tolerance},
            {"level", gate.options.level},
            {"figures", kinds},
            {"threshold_of_p", gate.threshold}}},
          {"base", gate.sets.base},
          {"new", gate.sets.fresh},
          {"figures", figures},
          {"notes", gate.sets.notes}};
}

std::string to_text(const Gate& gate, std::size_t width) {
  report::TextTable table{.head = {"figure", "base", "new", "new / base", "p", "verdict"},
                          .rule = true};
  std::string text, reasons;
  std::size_t quiet = 0;
  for (const GateRow& row : gate.rows) {
    if (gate.rows.size() > kManyRows && is_quiet(row)) {
      ++quiet;
      continue;
    }
    table.rows.push_back({row.figure.name, cell(row.figure, false), cell(row.figure, true),
                          row.ratio ? fmt::format("{:.4f}", *row.ratio) : "-",
                          row.p ? fmt::format("{:.2g}", *row.p) : "-",
                          std::string(name(row.verdict))});
    if (!row.reason.empty()) {
      reasons += report::wrapped(str(row.figure.name, ": ", name(row.verdict), ": ", row.reason),
                                 width, 2) +
                 "\n";
    }
  }
  if (!table.rows.empty()) text += report::text_of(table, width) + "\n";
  if (quiet > 0) text += fmt::format("{} more figures have not changed by what matters\n\n", quiet);
  text += reasons;
  for (const std::string& note : gate.sets.notes) {
    text += report::wrapped("note: " + note, width, 2) + "\n";
  }
  text += report::wrapped(
              fmt::format("gate: {} (worse: any more work that is counted, and samples that differ "
                          "with p <= {:.2g} by more than {:.3g} %)",
                          name(gate.outcome()), gate.threshold, 100 * gate.options.tolerance),
              width, 2) +
          "\n";
  return text;
}

}  // namespace joule::bench
