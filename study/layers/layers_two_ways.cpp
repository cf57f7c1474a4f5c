// SPDX-License-Identifier: MIT
#include "joule/study/layers/layers_two_ways.h"

#include <algorithm>
#include <map>

#include "joule/study/layers/layers_study.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

/// Where the account of a measure's layers is.
struct Account {
  std::string_view prefix;
  Quality quality;
};

std::optional<Account> account_of(const LayersMeasure& measure) {
  if (measure.value == trained::kTrainingTime) {
    return Account{layers::kLayerTime, Quality::attributed};
  }
  if (measure.quality == Quality::modelled) return Account{layers::kLayerEnergy, Quality::modelled};
  if (measure.value == layers::kAboveIdle) {
    return Account{layers::kLayerEnergy, Quality::attributed};
  }
  return {};  // gross: idle power is no layer's
}

/// The kinds of layers of which a level of the factor has more.
std::vector<std::string> own_kinds(const std::string& factor) {
  if (factor == "linear") return {"linear"};
  if (factor == "conv") return {"conv", "norm", "relu", "pool"};
  return {"relu"};
}

/// Per kind of layers, net and draw; 0 where a net has none of the kind.
using KindTables = std::map<std::string, LayersTable>;

std::optional<KindTables> kind_tables(const LayersResults& results, const Account& account) {
  LayersTable zeros;
  for (std::size_t i = 0; i < results.factorial(); ++i) {
    zeros.nets.push_back(results.cells[i].net);
    zeros.y.emplace_back(results.draws.size(), 0.0);
  }
  KindTables tables;
  for (std::size_t i = 0; i < results.factorial(); ++i) {
    const auto kinds = by_layer_kind(results.cells[i], account.prefix, account.quality);
    if (kinds.empty()) return {};
    for (const Over& kind : kinds) {
      LayersTable& table = tables.try_emplace(kind.name, zeros).first->second;
      for (std::size_t d = 0; d < results.draws.size(); ++d) {
        const auto found = std::ranges::find(kind.seeds, results.draws[d]);
        if (found == kind.seeds.end()) return {};
        table.y[i][d] = kind.numbers[static_cast<std::size_t>(found - kind.seeds.begin())];
      }
    }
  }
  return tables;
}

/// Of each draw, per layer, from the factor's lowest level to its highest.
std::vector<double> differences(const LayersTable& table, const FactorEffect& effect) {
  std::vector<double> differences;
  LayersTable one{.nets = table.nets, .y = {}};
  for (std::size_t draw = 0; draw < table.y.front().size(); ++draw) {
    one.y.clear();
    for (const auto& draws : table.y) one.y.push_back({draws[draw]});
    for (const FactorEffect& of_draw : factor_effects(one)) {
      if (of_draw.factor == effect.factor) differences.push_back(of_draw.per_layer.mean);
    }
  }
  return differences;
}

std::optional<search::Mean> ratio_of(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(b[i] > 0)) return {};
    ratios.push_back(a[i] / b[i]);
  }
  return search::mean_interval(ratios);
}

TwoWays compare(const LayersMeasure& measure, const LayersTable& whole, const KindTables& tables,
                const FactorEffect& effect) {
  const std::vector<std::string> own_names = own_kinds(effect.factor);
  const std::vector<double> factorial = differences(whole, effect);
  std::vector<double> own(factorial.size()), rest = factorial;
  TwoWays ways{.factor = effect.factor, .measure = measure, .layers = effect.layers};
  for (const auto& [kind, table] : tables) {
    const std::vector<double> of_kind = differences(table, effect);
    const bool is_own = std::ranges::count(own_names, kind) > 0;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      rest[i] -= of_kind[i];
      if (is_own) own[i] += of_kind[i];
    }
    if (!is_own) ways.along.push_back({kind, search::mean_interval(of_kind)});
  }
  ways.factorial = search::mean_interval(factorial);
  ways.own = search::mean_interval(own);
  ways.ratio = ratio_of(factorial, own);
  ways.rest = search::mean_interval(rest);
  return ways;
}

LayersTable whole_nets(const LayersResults& results, const LayersMeasure& measure) {
  LayersTable table;
  for (std::size_t i = 0; i < results.factorial(); ++i) {
    const LayersCell& cell = results.cells[i];
    table.nets.push_back(cell.net);
    auto& row = table.y.emplace_back();
    const Over& over = *cell.find(measure.value, measure.quality);  // as it is one of the costs
    for (const std::int64_t draw : results.draws) {
      const auto found = std::ranges::find(over.seeds, draw);
      row.push_back(over.numbers.at(static_cast<std::size_t>(found - over.seeds.begin())));
    }
  }
  return table;
}

}  // namespace

void find_two_ways(LayersResults& results) {
  for (const MeasureEffects& effects : results.effects) {
    const LayersMeasure& measure = effects.measure;
    if (measure.unit == "%") continue;
    const auto account = account_of(measure);
    if (!account) continue;
    const auto tables = kind_tables(results, *account);
    if (!tables) continue;
    const LayersTable whole = whole_nets(results, measure);
    for (const FactorEffect& effect : effects.factors) {
      results.two_ways.push_back(compare(measure, whole, *tables, effect));
    }
  }
}

}  // namespace joule::study
