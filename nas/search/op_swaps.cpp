// SPDX-License-Identifier: MIT
#include "joule/nas/search/op_swaps.h"

#include <algorithm>

namespace joule::nas {

std::optional<double> OpSwap::percent() const {
  if (pairs == 0 || before == 0) return std::nullopt;
  return 100 * (after - before) / before;
}

std::vector<SwapTable> op_swaps(Table& table, std::int64_t epochs,
                                const std::vector<std::string>& metrics) {
  std::vector<Column> columns;
  std::vector<SwapTable> tables;
  for (const std::string& metric : metrics) {
    columns.push_back(table.column(metric));
    const auto found = std::ranges::find(table.metrics(), metric, &Metric::name);
    tables.push_back({.metric = metric, .unit = found->unit});
  }
  for (std::size_t i = 0; i < table.models().size(); ++i) {
    const Cell cell = table.models()[i].cell;
    const std::optional<Answer> own = table.find(table.models()[i].fingerprint, epochs);
    if (!own) continue;
    for (int vertex = 1; vertex <= cell.interior(); ++vertex) {
      const auto from = static_cast<std::size_t>(cell.op(vertex));
      for (std::size_t to = 0; to < kCellOps; ++to) {
        if (to == from) continue;
        std::vector<CellOp> ops(cell.ops().begin(), cell.ops().end());
        ops[static_cast<std::size_t>(vertex - 1)] = static_cast<CellOp>(to);
        const std::optional<Answer> other =
            table.find(Cell(cell.vertices(), cell.edge_bits(), ops), epochs);
        if (!other) continue;
        for (std::size_t m = 0; m < columns.size(); ++m) {
          const auto before = own->number(columns[m]), after = other->number(columns[m]);
          if (!before || !after) continue;
          OpSwap& swap = tables[m].swaps[from][to];
          ++swap.pairs;
          swap.before += *before;
          swap.after += *after;
        }
      }
    }
  }
  for (SwapTable& of_metric : tables) {
    for (auto& row : of_metric.swaps) {
      for (OpSwap& swap : row) {
        if (swap.pairs == 0) continue;
        swap.before /= static_cast<double>(swap.pairs);
        swap.after /= static_cast<double>(swap.pairs);
      }
    }
  }
  return tables;
}

}  // namespace joule::nas
