// SPDX-License-Identifier: MIT
#include "joule/nas/table/info.h"

#include <set>
#include <tuple>

namespace joule::nas {

TableInfo info_of(const Table& table) {
  TableInfo info{.points = table.points().size(),
                 .models = table.models().size(),
                 .edges = table.limits().edges};
  for (const Model& model : table.models()) {
    ++info.vertices[model.cell.vertices()];
    const std::span<const CellOp> ops = model.cell.ops();
    for (const CellOp op : std::set<CellOp>(ops.begin(), ops.end())) ++info.operations[op];
  }
  std::vector<std::size_t> summed;
  for (std::size_t i = 0; i < table.metrics().size(); ++i) {
    const Metric& metric = table.metrics()[i];
    const bool sum =
        metric.name == kTrainingTime || metric.name == kEnergy || metric.name == kCo2eq;
    if (sum && metric.at == Checkpoint::end) summed.push_back(i);
  }
  std::map<std::tuple<std::int64_t, std::size_t, Quality>, Total> totals;
  for (std::size_t i = 0; i < table.points().size(); ++i) {
    const std::int64_t epochs = table.points()[i].epochs;
    ++info.budgets[epochs];
    for (const std::size_t column : summed) {
      const std::optional<Value> value = table.value(i, column);
      if (!value || !value->number) continue;
      Total& total = totals[{epochs, column, value->origin.quality}];
      total.epochs = epochs;
      total.name = value->metric.name;
      total.unit = value->metric.unit;
      total.quality = value->origin.quality;
      ++total.points;
      total.sum += *value->number;
    }
  }
  for (const auto& [key, total] : totals) info.totals.push_back(total);
  return info;
}

}  // namespace joule::nas
