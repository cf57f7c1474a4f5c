// SPDX-License-Identifier: MIT
#include "joule/report/layers/layers_tables.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "joule/report/study_values.h"
#include "joule/study/layers/layers_paper.h"
#include "joule/study/layers/layers_study.h"

namespace joule::report {
namespace {

using study::FactorEffect;
using study::LayersCell;
using study::LayersMeasure;
using study::LayersResults;
using study::MeasureEffects;
using study::Quality;
namespace layers = study::layers;

/// Digits behind the point that leave three or more of the number to be seen.
int digits_of(double number) {
  const double size = std::abs(number);
  return size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
}

std::string shown_over(const study::Over* over) {
  return over ? report::text_of(over->mean(), 1, digits_of(over->mean().mean)) : kNothing;
}

/// How many times what the first net of the factorial costs, by draw.
std::string over_base(const LayersResults& results, const LayersCell& cell,
                      const LayersMeasure& measure) {
  const study::Over* const base = results.cells.front().find(measure.value, measure.quality);
  const study::Over* const over = cell.find(measure.value, measure.quality);
  const bool shared = base && over && std::ranges::any_of(over->seeds, [&](std::int64_t draw) {
                        return std::ranges::count(base->seeds, draw) > 0;
                      });
  if (!shared || std::ranges::count(base->numbers, 0.0) > 0) return kNothing;
  const search::Mean percent = study::change(*over, *base).relative;
  if (!percent.interval) return fmt::format("{:.3f}", 1 + percent.mean / 100);
  return fmt::format("{:.3f} ± {:.3f}", 1 + percent.mean / 100,
                     (percent.interval->high - percent.interval->low) / 200);
}

std::string best_text(const LayersResults& results, const LayersCell& cell) {
  const auto best = best_draw(results.config, cell);
  return best ? fmt::format("{:.2f} (draw {})", best->test_accuracy, best->draw) : kNothing;
}

std::string state_text(const LayersResults& results, const LayersCell& cell) {
  if (cell.failed > 0) return str(cell.failed, " failed");
  return cell.complete < results.config.repeats ? "unfinished" : "";
}

/// What all tables of nets have in common.
void add_ours(const LayersResults& results, const LayersCell& cell, std::vector<std::string>& row) {
  for (const LayersMeasure& cost : results.costs) {
    row.push_back(shown_over(cell.find(cost.value, cost.quality)));
    row.push_back(over_base(results, cell, cost));
  }
  row.push_back(report::text_of(cell.find(study::test_accuracy(), Quality::counted)));
  row.push_back(best_text(results, cell));
}

std::vector<std::string> head_of(const LayersResults& results) {
  std::vector<std::string> head{"net"};
  for (const LayersMeasure& cost : results.costs) {
    head.push_back(cost.label + ", " + cost.unit);
    head.emplace_back("x first net");
  }
  head.emplace_back("test accuracy, %");
  head.emplace_back("of the best draw, %");
  return head;
}

std::string p_text(std::optional<double> p) {
  if (!p) return kNothing;
  return *p < 1e-4 ? "< 0.0001" : fmt::format("{:.4f}", *p);
}

std::string share_text(std::optional<double> share) {
  return share ? fmt::format("{:.3f}", *share) : kNothing;
}

std::string change_of(const FactorEffect& effect) {
  return str(effect.factor, " ", effect.from, " to ", effect.to);
}

std::string with_unit(const search::Mean& mean, const std::string& unit) {
  return signed_text(mean, unit, digits_of(mean.mean));
}

const study::LayersPaperEffects::Factor* paper_factor(const study::LayersPaperEffects* paper,
                                                      const std::string& factor) {
  if (!paper) return nullptr;
  return factor == "linear" ? &paper->linear : factor == "conv" ? &paper->conv : &paper->relu;
}

/// The paper's levels, which its effects are of.
bool has_papers_levels(const LayersResults& results) {
  const study::LayersConfig& c = results.config;
  return c.linear == std::vector<std::int64_t>({3, 7}) &&
         c.conv == std::vector<std::int64_t>({1, 4}) && c.relu.size() == 2;
}

const study::LayersPaperEffects* paper_of(const LayersResults& results) {
  return has_papers_levels(results) ? study::layers_paper_effects(results.config.training.data)
                                    : nullptr;
}

}  // namespace

Table factorial_table(const LayersResults& results) {
  Table table{.caption = "The factorial, beside the paper's", .head = head_of(results)};
  const std::string& data = results.config.training.data;
  const auto* const base = study::layers_paper_cell(data, results.cells.front().net);
  const bool paper = std::ranges::any_of(results.cells, [&](const LayersCell& cell) {
    return study::layers_paper_cell(data, cell.net) != nullptr;
  });
  if (paper) {
    for (const char* column : {"paper: J above idle, GTX 1080", "paper: x first net",
                               "paper: accuracy, %", "paper: largest, %"}) {
      table.head.emplace_back(column);
    }
  }
  table.head.emplace_back("state");
  for (std::size_t i = 0; i < results.factorial(); ++i) {
    const LayersCell& cell = results.cells[i];
    auto& row = table.rows.emplace_back(std::vector<std::string>{cell.net.title()});
    add_ours(results, cell, row);
    const auto* const theirs = study::layers_paper_cell(data, cell.net);
    if (paper && theirs) {
      row.push_back(fmt::format("{:.1f}", theirs->joules));
      row.push_back(base ? fmt::format("{:.3f}", theirs->joules / base->joules) : kNothing);
      row.push_back(fmt::format("{:.2f}", theirs->accuracy));
      row.push_back(fmt::format("{:.2f}", theirs->best_accuracy));
    } else if (paper) {
      row.insert(row.end(), 4, kNothing);
    }
    row.push_back(state_text(results, cell));
  }
  return table;
}

Table dense_table(const LayersResults& results) {
  Table table{.caption = "Nets of linear layers alone", .head = head_of(results)};
  table.head.emplace_back("parameters");
  table.head.emplace_back("state");
  for (std::size_t i = results.factorial(); i < results.cells.size(); ++i) {
    const LayersCell& cell = results.cells[i];
    auto& row = table.rows.emplace_back(std::vector<std::string>{cell.net.title()});
    add_ours(results, cell, row);
    const study::Over* const parameters = cell.find(layers::kParameters, Quality::counted);
    row.push_back(parameters ? fmt::format("{:.0f}", parameters->numbers.front()) : kNothing);
    row.push_back(state_text(results, cell));
  }
  return table;
}

Table cost_effects_table(const LayersResults& results) {
  const study::LayersPaperEffects* const paper = paper_of(results);
  Table table{
      .caption = "What the factors do to energy and time",
      .head = {"factor", "measure", "change", "change, %", "per layer", "eta squared", "p"}};
  if (paper) {
    for (const char* column : {"paper: change, %", "paper: J per layer", "paper: eta squared"}) {
      table.head.emplace_back(column);
    }
  }
  for (const MeasureEffects& effects : results.effects) {
    const LayersMeasure& measure = effects.measure;
    if (measure.unit == "%") continue;
    for (const FactorEffect& effect : effects.factors) {
      auto& row = table.rows.emplace_back(std::vector<std::string>{
          change_of(effect), measure.label, with_unit(mean_of(effect.difference), measure.unit),
          effect.percent ? signed_text(*effect.percent, "%") : kNothing,
          with_unit(effect.per_layer, measure.unit),
          share_text(effect.ranks ? effect.ranks->eta_squared : std::nullopt),
          p_text(effect.ranks ? std::optional(effect.ranks->p) : std::nullopt)});
      const auto* const theirs = paper_factor(paper, effect.factor);
      if (!theirs) continue;
      row.push_back(fmt::format("{:+.1f}", theirs->percent));
      row.push_back(effect.factor == "linear" ? fmt::format("{:.1f}", paper->joules_per_linear)
                    : effect.factor == "conv" ? fmt::format("{:.0f}", paper->joules_per_conv)
                                              : kNothing);
      row.push_back(share_text(theirs->eta_squared));
    }
  }
  return table;
}

Table accuracy_effects_table(const LayersResults& results) {
  Table table{.caption = "What the factors do to the test accuracy",
              .head = {"factor", "change", "eta squared", "p"}};
  for (const MeasureEffects& effects : results.effects) {
    if (effects.measure.unit != "%") continue;
    for (const FactorEffect& effect : effects.factors) {
      table.rows.push_back({change_of(effect), signed_text(mean_of(effect.difference), "points"),
                            share_text(effect.ranks ? effect.ranks->eta_squared : std::nullopt),
                            p_text(effect.ranks ? std::optional(effect.ranks->p) : std::nullopt)});
    }
  }
  return table;
}

Table anova_table(const LayersResults& results) {
  Table table{.caption = "Analysis of variance of the factorial",
              .head = {"measure", "term", "eta squared", "partial eta squared", "F", "p"},
              .folded = true};
  for (const MeasureEffects& effects : results.effects) {
    if (!effects.anova) continue;
    for (const search::AnovaTerm& term : effects.anova->terms) {
      table.rows.push_back({effects.measure.label, term.name, share_text(term.eta_squared),
                            share_text(term.partial_eta_squared),
                            term.f ? fmt::format("{:.3g}", *term.f) : kNothing, p_text(term.p)});
    }
  }
  return table;
}

std::vector<std::string> halved_lines(const LayersResults& results) {
  std::vector<std::string> lines;
  std::string accuracy;
  for (const MeasureEffects& effects : results.effects) {
    if (effects.halved && effects.measure.unit == "%") {
      accuracy = signed_text(mean_of(effects.halved->difference), "points of test accuracy");
    }
  }
  for (const MeasureEffects& effects : results.effects) {
    if (!effects.halved || effects.measure.unit == "%") continue;
    const study::FactorSaving& saving = *effects.halved;
    lines.push_back(str(saving.from, " convolutions to ", saving.to, ", ", effects.measure.label,
                        ": ", saving.percent ? signed_text(*saving.percent, "%") : kNothing,
                        ", for ", accuracy, "."));
  }
  if (const auto* const paper = paper_of(results); paper && !lines.empty()) {
    lines.push_back(fmt::format("The paper: {:+.1f} % of energy for {:+.1f} points.",
                                paper->halved_energy, paper->halved_accuracy));
  }
  return lines;
}

Table two_ways_table(const LayersResults& results) {
  Table table{.caption = "Per layer, two ways",
              .head = {"factor", "measure", "the factorial says, per layer",
                       "its own layers' account, per layer", "ratio"}};
  for (const study::TwoWays& ways : results.two_ways) {
    table.rows.push_back({ways.factor, ways.measure.label,
                          with_unit(ways.factorial, ways.measure.unit),
                          with_unit(ways.own, ways.measure.unit),
                          ways.ratio ? report::text_of(*ways.ratio) : kNothing});
  }
  return table;
}

Table along_table(const LayersResults& results) {
  Table table{.caption = "What changes along with a factor, per layer of it",
              .head = {"factor", "measure", "of", "change"},
              .folded = true};
  for (const study::TwoWays& ways : results.two_ways) {
    for (const study::LayerKindDifference& kind : ways.along) {
      if (kind.difference.mean == 0) continue;
      table.rows.push_back({ways.factor, ways.measure.label, kind.kind,
                            with_unit(kind.difference, ways.measure.unit)});
    }
    table.rows.push_back({ways.factor, ways.measure.label, "what no layer accounts for",
                          with_unit(ways.rest, ways.measure.unit)});
  }
  return table;
}

Table layers_front_table(const LayersResults& results) {
  Table table{.caption = "What an accuracy costs: the front",
              .head = {"net", "cost", "accuracy, %", "points per unit of cost",
                       "beyond the one before", "cost of a point more"}};
  if (results.costs.empty()) return table;
  const LayersMeasure& cost = results.costs.front();
  table.head[1] = cost.label + ", " + cost.unit;
  table.head[3] = "points per " + cost.unit;
  table.head[5] = cost.unit + " for a point more";
  for (const study::LayersStep& step : results.front) {
    const int digits = digits_of(step.cost);
    table.rows.push_back(
        {results.cells[step.cell].net.title(), fmt::format("{:.{}f}", step.cost, digits),
         fmt::format("{:.2f}", step.accuracy), fmt::format("{:.4g}", step.accuracy / step.cost),
         step.more_cost ? fmt::format("{:+.{}f} {}, {:+.2f} points", *step.more_cost, digits,
                                      cost.unit, *step.more_accuracy)
                        : kNothing,
         step.more_cost && *step.more_accuracy > 0
             ? fmt::format("{:.4g}", *step.more_cost / *step.more_accuracy)
             : kNothing});
  }
  return table;
}

Table draws_table(const LayersResults& results) {
  Table table{.caption = "The draws, the same for every net",
              .head = {"draw", "seed", "lr", "beta1", "beta2"},
              .folded = true};
  const auto draws = draws_of(results.config);
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const std::uint64_t seed =
        results.config.training.seed + (results.config.seeds == "each" ? std::uint64_t{i} : 0);
    table.rows.push_back({str(i + 1), str(seed), fmt::format("{:.3g}", draws[i].lr),
                          fmt::format("{:.4f}", draws[i].beta1),
                          fmt::format("{:.4f}", draws[i].beta2)});
  }
  return table;
}

}  // namespace joule::report
