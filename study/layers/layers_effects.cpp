// SPDX-License-Identifier: MIT
#include "joule/study/layers/layers_effects.h"

#include <algorithm>
#include <span>

#include "joule/core/error.h"

namespace joule::study {
namespace {

struct LayersFactor {
  const char* name;
  std::int64_t (*level)(const LayersNet&);
  std::string (*shown)(std::int64_t);
};

std::string shown_count(std::int64_t level) { return std::to_string(level); }

constexpr LayersFactor kFactors[] = {
    {"linear", [](const LayersNet& net) { return net.linear; }, shown_count},
    {"conv", [](const LayersNet& net) { return net.conv; }, shown_count},
    {"ReLU", [](const LayersNet& net) { return std::int64_t{net.relu}; },
     [](std::int64_t level) { return std::string(level ? "each" : "none"); }}};

std::vector<std::int64_t> levels_of(const LayersTable& table, const LayersFactor& factor) {
  std::vector<std::int64_t> levels;
  for (const LayersNet& net : table.nets) levels.push_back(factor.level(net));
  std::ranges::sort(levels);
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

void check_table(const LayersTable& table) {
  require(!table.y.empty() && table.y.size() == table.nets.size(),
          "layers: expected the numbers of each net");
  require(!table.y.front().empty(), "layers: no draw has all nets");
  for (const auto& draws : table.y) {
    require(draws.size() == table.y.front().size(), "layers: a net has ", draws.size(),
            " draws, the first ", table.y.front().size());
  }
  std::size_t combinations = 1;
  for (const LayersFactor& factor : kFactors) combinations *= levels_of(table, factor).size();
  require(combinations == table.nets.size(), "layers: expected each of ", combinations,
          " combinations of levels, got ", table.nets.size(), " nets");
}

/// Of each draw, the mean of the nets with that level.
std::vector<double> means_at(const LayersTable& table, const LayersFactor& factor,
                             std::int64_t level) {
  std::vector<double> means(table.y.front().size());
  std::size_t nets = 0;
  for (std::size_t i = 0; i < table.nets.size(); ++i) {
    if (factor.level(table.nets[i]) != level) continue;
    ++nets;
    for (std::size_t draw = 0; draw < means.size(); ++draw) means[draw] += table.y[i][draw];
  }
  for (double& mean : means) mean /= static_cast<double>(nets);
  return means;
}

std::optional<search::Mean> percent_of(std::span<const double> to, std::span<const double> from) {
  if (std::ranges::count(from, 0.0) > 0) return {};
  std::vector<double> percents;
  for (std::size_t i = 0; i < to.size(); ++i) percents.push_back(100 * (to[i] / from[i] - 1));
  return search::mean_interval(percents);
}

bool all_equal(const LayersTable& table) {
  const double first = table.y.front().front();
  return std::ranges::all_of(table.y, [&](const auto& draws) {
    return std::ranges::all_of(draws, [&](double value) { return value == first; });
  });
}

std::optional<search::KruskalWallis> ranks_of(const LayersTable& table, const LayersFactor& factor,
                                              const std::vector<std::int64_t>& levels) {
  if (all_equal(table)) return {};
  std::vector<std::vector<double>> groups;
  for (const std::int64_t level : levels) {
    auto& group = groups.emplace_back();
    for (std::size_t i = 0; i < table.nets.size(); ++i) {
      if (factor.level(table.nets[i]) != level) continue;
      group.insert(group.end(), table.y[i].begin(), table.y[i].end());
    }
  }
  return search::kruskal_wallis(groups);
}

/// How many more layers the highest level has; a ReLU more is one in each block.
double more_layers(const LayersTable& table, const LayersFactor& factor,
                   const std::vector<std::int64_t>& levels) {
  if (factor.name != std::string_view("ReLU")) {
    return static_cast<double>(levels.back() - levels.front());
  }
  double blocks = 0;
  for (const LayersNet& net : table.nets) blocks += static_cast<double>(net.conv);
  return blocks / static_cast<double>(table.nets.size());
}

}  // namespace

std::vector<FactorEffect> factor_effects(const LayersTable& table) {
  check_table(table);
  std::vector<FactorEffect> effects;
  for (const LayersFactor& factor : kFactors) {
    const std::vector<std::int64_t> levels = levels_of(table, factor);
    if (levels.size() < 2) continue;
    const std::vector<double> low = means_at(table, factor, levels.front());
    const std::vector<double> high = means_at(table, factor, levels.back());
    FactorEffect effect{.factor = factor.name,
                        .from = factor.shown(levels.front()),
                        .to = factor.shown(levels.back()),
                        .layers = more_layers(table, factor, levels)};
    std::vector<double> per_layer;
    for (std::size_t i = 0; i < low.size(); ++i) {
      per_layer.push_back((high[i] - low[i]) / effect.layers);
    }
    effect.difference = search::paired_difference(high, low);
    effect.per_layer = search::mean_interval(per_layer);
    effect.percent = percent_of(high, low);
    effect.ranks = ranks_of(table, factor, levels);
    effects.push_back(std::move(effect));
  }
  return effects;
}

std::optional<FactorSaving> factor_saving(const LayersTable& table, const std::string& factor) {
  check_table(table);
  for (const LayersFactor& known : kFactors) {
    const std::vector<std::int64_t> levels = levels_of(table, known);
    if (known.name != factor || levels.size() < 2) continue;
    const std::vector<double> low = means_at(table, known, levels.front());
    const std::vector<double> high = means_at(table, known, levels.back());
    return FactorSaving{.from = known.shown(levels.back()),
                        .to = known.shown(levels.front()),
                        .difference = search::paired_difference(low, high),
                        .percent = percent_of(low, high)};
  }
  return {};
}

std::optional<search::Anova> factorial_anova(const LayersTable& table) {
  check_table(table);
  if (all_equal(table)) return {};
  std::vector<search::Factor> factors;
  std::vector<const LayersFactor*> used;
  std::vector<std::vector<std::int64_t>> levels;
  for (const LayersFactor& factor : kFactors) {
    auto all = levels_of(table, factor);
    if (all.size() < 2) continue;
    search::Factor named{.name = factor.name, .levels = {}};
    for (const std::int64_t level : all) named.levels.push_back(factor.shown(level));
    factors.push_back(std::move(named));
    used.push_back(&factor);
    levels.push_back(std::move(all));
  }
  std::vector<search::FactorialRun> runs;
  for (std::size_t i = 0; i < table.nets.size(); ++i) {
    std::vector<std::size_t> at;
    for (std::size_t f = 0; f < used.size(); ++f) {
      const auto found = std::ranges::find(levels[f], used[f]->level(table.nets[i]));
      at.push_back(static_cast<std::size_t>(found - levels[f].begin()));
    }
    for (const double value : table.y[i]) runs.push_back({.levels = at, .value = value});
  }
  return search::anova(factors, runs);
}

}  // namespace joule::study
