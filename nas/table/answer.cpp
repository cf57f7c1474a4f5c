// SPDX-License-Identifier: MIT
#include "joule/nas/table/answer.h"

#include <algorithm>
#include <set>

#include "joule/nas/table/table.h"
#include "joule/search/statistics/mean.h"

namespace joule::nas {
namespace {

std::size_t index(Checkpoint checkpoint) { return static_cast<std::size_t>(checkpoint); }

bool is_number(double number) { return number == number; }

}  // namespace

template <class Visit>
void Answer::each(Visit&& visit) const {
  const std::vector<Point>& points = table_->points_;
  const std::int64_t epochs = points[first_].epochs;
  std::uint32_t left = repeats_;
  for (std::uint32_t i = first_; left > 0; i = points[i].next) {
    if (points[i].epochs != epochs) continue;
    visit(static_cast<std::size_t>(i));
    --left;
  }
}

const Cell& Answer::cell() const { return table_->models_[table_->points_[first_].model].cell; }

std::int64_t Answer::epochs() const { return table_->points_[first_].epochs; }

std::optional<std::size_t> Answer::metric(const Column& column) const {
  std::int32_t at = column.at[index(checkpoint_)];
  if (at < 0) at = column.at[index(Checkpoint::run)];
  return at < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(at));
}

std::optional<double> Answer::mean(std::size_t metric) const {
  const auto slot = table_->slots_[metric][0];
  if (slot < 0) return std::nullopt;  // nothing but unavailable ones
  double sum = 0;
  each([&](std::size_t point) { sum += table_->number(point, metric); });
  return is_number(sum) ? std::optional(sum / repeats_) : std::nullopt;
}

std::optional<double> Answer::number(const Column& column) const {
  const std::optional<std::size_t> at = metric(column);
  return at ? mean(*at) : std::nullopt;
}

std::optional<double> Answer::number(std::string_view name) const {
  return number(table_->column(name));
}

std::optional<Value> Answer::value_of(std::size_t metric) const {
  std::vector<Value> all;
  each([&](std::size_t point) {
    if (std::optional<Value> one = table_->value(point, metric)) all.push_back(std::move(*one));
  });
  if (all.size() < repeats_) return std::nullopt;
  if (repeats_ == 1) return all.front();
  std::vector<double> numbers;
  for (const Value& one : all) {
    if (!one.number) return one;  // unavailable in one: there is no mean of all
    numbers.push_back(*one.number);
  }
  Value value = all.front();
  value.low = value.high = std::nullopt;
  if (std::ranges::adjacent_find(numbers, std::not_equal_to()) == numbers.end()) return value;
  const search::Mean of = search::mean_interval(numbers);
  value.number = of.mean;
  value.low = of.interval->low;
  value.high = of.interval->high;
  value.origin.source +=
      str(value.origin.source.empty() ? "" : ", ", "mean of ", repeats_, " runs");
  return value;
}

std::optional<Value> Answer::value(const Column& column) const {
  const std::optional<std::size_t> at = metric(column);
  return at ? value_of(*at) : std::nullopt;
}

std::optional<Value> Answer::value(std::string_view name) const {
  return value(table_->column(name));
}

std::vector<Value> Answer::values() const {
  std::vector<Value> all;
  for (std::size_t i = 0; i < table_->metrics_.size(); ++i) {
    const Checkpoint at = table_->metrics_[i].at;
    if (at != Checkpoint::run && at != checkpoint_) continue;
    if (std::optional<Value> one = value_of(i)) all.push_back(std::move(*one));
  }
  return all;
}

std::optional<Answer> Table::answer(std::uint32_t model, std::int64_t epochs,
                                    const QueryOptions& options) const {
  Answer answer;
  answer.table_ = this;
  answer.checkpoint_ = options.stop_halfway ? Checkpoint::half : Checkpoint::end;
  for (std::uint32_t i = models_[model].first; i != kNoPoint; i = points_[i].next) {
    if (points_[i].epochs != epochs) continue;
    if (options.repeat && points_[i].repeat != *options.repeat) continue;
    if (answer.first_ == kNoPoint) answer.first_ = i;
    ++answer.repeats_;
  }
  if (answer.first_ == kNoPoint) return std::nullopt;
  if (!options.stop_halfway) return answer;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    if (metrics_[i].at == Checkpoint::half && answer.mean(i)) return answer;
  }
  return std::nullopt;
}

void Table::spend(const Answer& answer) {
  const auto add = [&](const Column& column, double& sum, std::int64_t& without) {
    const std::int32_t at = column.at[index(answer.checkpoint_)];
    const std::optional<double> cost =
        at < 0 ? std::nullopt : answer.mean(static_cast<std::size_t>(at));
    cost ? static_cast<void>(sum += *cost) : static_cast<void>(++without);
  };
  ++spent_.queries;
  add(costs_[0], spent_.seconds, spent_.without_seconds);
  add(costs_[1], spent_.joules, spent_.without_joules);
  const std::int32_t epochs = costs_[2].at[index(answer.checkpoint_)];
  const std::optional<double> stated =
      epochs < 0 ? std::nullopt : answer.mean(static_cast<std::size_t>(epochs));
  const auto budget = static_cast<double>(answer.epochs());
  spent_.epochs += stated.value_or(answer.halfway() ? budget / 2 : budget);
}

std::string Table::budgets_of(std::uint32_t model) const {
  std::set<std::int64_t> all;
  for (std::uint32_t i = models_[model].first; i != kNoPoint; i = points_[i].next) {
    all.insert(points_[i].epochs);
  }
  std::string text;
  for (const std::int64_t one : all) text += str(text.empty() ? "" : ", ", one);
  return text;
}

void Table::fail(std::optional<std::uint32_t> model, const std::string& asked, std::int64_t epochs,
                 const QueryOptions& options) const {
  if (!model) {
    throw OutOfDomain(str("the table has no ", asked, "; it has ", models_.size(),
                          " cells of at most ", limits_.vertices, " vertices and ", limits_.edges,
                          " edges"));
  }
  if (!answer(*model, epochs, {})) {
    throw OutOfDomain(str("the table has no record of ", epochs, " epochs of ", asked, "; it has ",
                          budgets_of(*model), " epochs"));
  }
  if (answer(*model, epochs, {.repeat = options.repeat})) {
    throw OutOfDomain(
        str("the record of ", epochs, " epochs of ", asked, " has no checkpoint halfway"));
  }
  throw OutOfDomain(str("the table has no repeat ", options.repeat.value_or(0), " of ", epochs,
                        " epochs of ", asked));
}

std::optional<Answer> Table::find(const Cell& cell, std::int64_t epochs,
                                  const QueryOptions& options) {
  return find_and_spend(model_of(cell), epochs, options);
}

std::optional<Answer> Table::find(const Fingerprint& cell, std::int64_t epochs,
                                  const QueryOptions& options) {
  return find_and_spend(model_of(cell), epochs, options);
}

std::optional<Answer> Table::find_and_spend(std::optional<std::uint32_t> model, std::int64_t epochs,
                                            const QueryOptions& options) {
  std::optional<Answer> found = model ? answer(*model, epochs, options) : std::nullopt;
  if (found) spend(*found);
  return found;
}

Answer Table::query(const Cell& cell, std::int64_t epochs, const QueryOptions& options) {
  if (const std::optional<Answer> found = find(cell, epochs, options)) return *found;
  if (const std::string fault = fault_of(cell, limits_, "this table"); !fault.empty()) {
    throw OutOfDomain(str("cell ", to_text(cell), ": ", fault));
  }
  fail(model_of(cell), "cell " + to_text(cell), epochs, options);
}

Answer Table::query(const Fingerprint& cell, std::int64_t epochs, const QueryOptions& options) {
  if (const std::optional<Answer> found = find(cell, epochs, options)) return *found;
  fail(model_of(cell), "cell " + to_text(cell), epochs, options);
}

}  // namespace joule::nas
