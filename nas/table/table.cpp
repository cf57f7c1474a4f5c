// SPDX-License-Identifier: MIT
#include "joule/nas/table/table.h"

#include <algorithm>
#include <limits>

namespace joule::nas {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
/// Cells beside the table's own whose fingerprint is kept: 40 MB.
constexpr std::size_t kMostRemembered = std::size_t{1} << 20;

/// The very cell as one number: vertices, edges, operations.
std::uint64_t key_of(const Cell& cell) {
  std::uint64_t key = static_cast<std::uint64_t>(cell.vertices()) << 21 | cell.edge_bits();
  for (const CellOp op : cell.ops()) key = key << 2 | static_cast<std::uint64_t>(op);
  return key << 3 | static_cast<std::uint64_t>(cell.vertices());
}

std::uint64_t key_of(const Fingerprint& fingerprint) {
  return std::hash<Fingerprint>()(fingerprint);
}

std::string record_name(const Record& record) {
  return str("record of cell ", to_text(record.cell), ", ", record.epochs, " epochs, repeat ",
             record.repeat);
}

}  // namespace

std::size_t Table::add_metric(const Metric& metric) {
  const auto number = static_cast<std::int32_t>(metrics_.size());
  metrics_.push_back(metric);
  slots_.push_back({-1, -1, -1});
  constexpr std::array<const char*, 3> kCosts{kTrainingTime, kEnergy, kEpochs};
  for (std::size_t i = 0; i < kCosts.size(); ++i) {
    if (metric.name == kCosts[i]) costs_[i].at[static_cast<std::size_t>(metric.at)] = number;
  }
  return static_cast<std::size_t>(number);
}

std::optional<std::size_t> Table::find_metric(const Metric& metric, std::size_t guess) const {
  if (guess < metrics_.size() && metrics_[guess] == metric) return guess;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const Metric& known = metrics_[i];
    if (known.name != metric.name || known.at != metric.at) continue;
    require(known.unit == metric.unit, "table: ", metric.name, " is in '", known.unit,
            "', a record has it in '", metric.unit, "'");
    return i;
  }
  return std::nullopt;
}

std::vector<std::size_t> Table::columns_of(const Record& record) const {
  std::vector<std::size_t> columns;
  columns.reserve(record.values.size());
  std::vector<bool> taken(metrics_.size());
  std::vector<const Metric*> added;
  for (const Value& value : record.values) {
    const Metric& metric = value.metric;
    const auto same = [&](const Metric* m) { return m->name == metric.name && m->at == metric.at; };
    const auto column = find_metric(metric, columns.empty() ? 0 : columns.back() + 1);
    require(column ? !taken[*column] : std::ranges::none_of(added, same), record_name(record),
            ": has ", metric.name, " twice");
    columns.push_back(column.value_or(metrics_.size() + added.size()));
    column ? static_cast<void>(taken[*column] = true) : added.push_back(&metric);
  }
  return columns;
}

void Table::give_slots(std::size_t metric, const Value& value) {
  Slots& slots = slots_[metric];
  auto next = static_cast<std::int32_t>(stride_);
  const std::array<bool, 3> needed{value.number.has_value(), value.low.has_value(),
                                   value.high.has_value()};
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (needed[i] && slots[i] < 0) slots[i] = next++;
  }
  widen(static_cast<std::size_t>(next));
}

void Table::widen(std::size_t stride) {
  if (stride == stride_) return;
  std::vector<double> wide(points_.size() * stride, kNothing);
  for (std::size_t i = 0; i < points_.size(); ++i) {
    std::copy_n(numbers_.begin() + static_cast<std::ptrdiff_t>(i * stride_), stride_,
                wide.begin() + static_cast<std::ptrdiff_t>(i * stride));
  }
  numbers_ = std::move(wide);
  stride_ = stride;
}

std::uint16_t Table::origin_number(const Origin& origin) {
  for (std::size_t i = origins_.size(); i-- > 0;) {
    if (origins_[i] == origin) return static_cast<std::uint16_t>(i);
  }
  require(origins_.size() < kNoOrigin, "table: more than ", kNoOrigin,
          " different sources of numbers");
  origins_.push_back(origin);
  return static_cast<std::uint16_t>(origins_.size() - 1);
}

std::uint32_t Table::origin_set_number(const OriginSet& set) {
  for (std::size_t i = origin_sets_.size(); i-- > 0;) {
    if (origin_sets_[i] == set) return static_cast<std::uint32_t>(i);
  }
  origin_sets_.push_back(set);
  return static_cast<std::uint32_t>(origin_sets_.size() - 1);
}

void Table::add_budget(std::int64_t epochs) {
  const auto at = std::ranges::lower_bound(budgets_, epochs);
  if (at == budgets_.end() || *at != epochs) budgets_.insert(at, epochs);
}

void Table::remember(const Cell& cell, std::uint32_t model) {
  if (by_cell_.size() < models_.size() + kMostRemembered) by_cell_.add(key_of(cell), model);
}

std::uint32_t Table::model_to_add(const Record& record) {
  if (const auto known = by_cell_.find(key_of(record.cell))) return *known;
  const Cell cell = pruned(record.cell);
  const Fingerprint print = record.fingerprint ? *record.fingerprint : fingerprint(cell);
  std::optional<std::uint32_t> model = model_of(print);
  if (!model) {
    model = static_cast<std::uint32_t>(models_.size());
    models_.push_back({.cell = cell, .fingerprint = print, .first = kNoPoint, .last = kNoPoint});
    by_fingerprint_.add(key_of(print), *model);
    limits_.vertices = std::max(limits_.vertices, cell.vertices());
    limits_.edges = std::max(limits_.edges, cell.edges());
  }
  remember(record.cell, *model);
  return *model;
}

void Table::append(std::uint32_t model, const Point& point) {
  const auto number = static_cast<std::uint32_t>(points_.size());
  Model& of = models_[model];
  (of.first == kNoPoint ? of.first : points_[of.last].next) = number;
  of.last = number;
  points_.push_back(point);
  add_budget(point.epochs);
}

void Table::add(const Record& record) {
  require(record.epochs >= 1 && record.repeat >= 1 &&
              record.repeat <= std::numeric_limits<std::int32_t>::max(),
          record_name(record), ": expected epochs and repeat of 1 or more");
  require(points_.size() < kNoPoint, "table: more than ", kNoPoint, " records");
  for (const Value& value : record.values) check(value);
  const std::vector<std::size_t> columns = columns_of(record);
  const std::uint32_t model = model_to_add(record);
  for (std::uint32_t i = models_[model].first; i != kNoPoint; i = points_[i].next) {
    require(points_[i].epochs != record.epochs || points_[i].repeat != record.repeat,
            record_name(record), ": the table has it already");
  }
  // From here on nothing is refused.
  OriginSet set;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Value& value = record.values[i];
    if (columns[i] == metrics_.size()) add_metric(value.metric);
    give_slots(columns[i], value);
    set.resize(std::max(set.size(), columns[i] + 1), kNoOrigin);
    set[columns[i]] = origin_number(value.origin);
  }
  numbers_.resize(numbers_.size() + stride_, kNothing);
  double* const numbers = numbers_.data() + points_.size() * stride_;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Value& value = record.values[i];
    const Slots& slots = slots_[columns[i]];
    if (value.number) numbers[slots[0]] = *value.number;
    if (value.low) numbers[slots[1]] = *value.low;
    if (value.high) numbers[slots[2]] = *value.high;
  }
  append(model, {.epochs = record.epochs,
                 .repeat = static_cast<std::int32_t>(record.repeat),
                 .model = model,
                 .origins = origin_set_number(set),
                 .next = kNoPoint});
}

void Table::add_verified(const Record& record) {
  const auto known = by_cell_.find(key_of(record.cell));
  const Fingerprint own = known ? models_[*known].fingerprint : fingerprint(record.cell);
  require(!record.fingerprint || *record.fingerprint == own, "the hash ",
          to_text(record.fingerprint.value_or(own)), " is not that of its cell ",
          to_text(record.cell), ", which is ", to_text(own));
  add(record);
}

std::optional<Value> Table::value(std::size_t point, std::size_t metric) const {
  const OriginSet& set = origin_sets_[points_[point].origins];
  if (metric >= set.size() || set[metric] == kNoOrigin) return std::nullopt;
  Value value{.metric = metrics_[metric], .number = {}, .origin = origins_[set[metric]]};
  if (value.origin.quality == Quality::unavailable) return value;
  const double* const numbers = numbers_.data() + point * stride_;
  const Slots& slots = slots_[metric];
  value.number = numbers[slots[0]];
  if (slots[1] >= 0 && numbers[slots[1]] == numbers[slots[1]]) {
    value.low = numbers[slots[1]];
    value.high = numbers[slots[2]];
  }
  return value;
}

Column Table::column(std::string_view name) const {
  Column column;
  bool found = false;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    if (metrics_[i].name != name) continue;
    column.at[static_cast<std::size_t>(metrics_[i].at)] = static_cast<std::int32_t>(i);
    found = true;
  }
  if (found) return column;
  std::string names;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const auto same = [&](const Metric& m) { return m.name == metrics_[i].name; };
    if (std::any_of(metrics_.begin(), metrics_.begin() + static_cast<std::ptrdiff_t>(i), same)) {
      continue;
    }
    names += (names.empty() ? "" : ", ") + metrics_[i].name;
  }
  throw ArgumentError(str("the table has no '", name, "'; it has ", names));
}

std::optional<std::uint32_t> Table::model_of(const Cell& cell) {
  if (const auto known = by_cell_.find(key_of(cell))) return known;
  if (!fault_of(cell, limits_).empty()) return std::nullopt;
  const std::optional<std::uint32_t> model = model_of(fingerprint(cell));
  if (model) remember(cell, *model);
  return model;
}

std::optional<std::uint32_t> Table::model_of(const Fingerprint& fingerprint) const {
  return by_fingerprint_.find(key_of(fingerprint), [&](std::uint32_t model) {
    return models_[model].fingerprint == fingerprint;
  });
}

}  // namespace joule::nas
