// SPDX-License-Identifier: MIT
#include "joule/search/gaussian/encoding.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "joule/search/unit.h"

namespace joule::search {
namespace {

double number_of(const PointValue& value) {
  const auto* const integer = std::get_if<std::int64_t>(&value);
  return integer ? static_cast<double>(*integer) : std::get<double>(value);
}

/// The root of the mean square; 1 if all are 0.
double root_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double x : values) sum += x * x / static_cast<double>(values.size());
  return sum > 0 && std::isfinite(sum) ? std::sqrt(sum) : 1;
}

}  // namespace

Encoding::Encoding(const Space& space, Scale scale)
    : dimensions_(space.dimensions().begin(), space.dimensions().end()), scale_(scale) {
  std::size_t scales = 0;
  for (const Dimension& d : dimensions_) {
    first_column_.push_back(scale_of_.size());
    if (constant(d)) continue;
    const std::size_t columns = d.kind == joule::search::Kind::categorical ? d.choices.size() : 1;
    scale_of_.insert(scale_of_.end(), columns, scales++);
  }
}

std::vector<double> Encoding::encode(const Point& point) const {
  std::vector<double> row;
  const bool raw = scale_ == Scale::raw;
  for (const Dimension& d : dimensions_) {
    if (constant(d)) continue;
    const PointValue* const value = point.find(d.name);
    if (d.kind == joule::search::Kind::categorical) {
      const double one = raw ? 1 : 1 / std::numbers::sqrt2;
      const std::size_t choices = d.choices.size();
      const double absent = raw ? 0 : one / static_cast<double>(choices);
      row.insert(row.end(), choices, value ? 0 : absent);
      if (value) row[row.size() - choices + choice_of(d, *value)] = one;
    } else if (raw) {
      row.push_back(value ? number_of(*value) : 0);
    } else {
      row.push_back(value ? unit_cell(d, *value).center : 0.5);
    }
  }
  return row;
}

OutputScale::OutputScale(std::vector<double> outputs, Kind kind) : kind_(kind) {
  std::ranges::sort(outputs);
  if (kind != Kind::plain) {
    median_ = outputs[(outputs.size() - 1) / 2];
    std::vector<double> better, all;
    for (const double y : outputs) {
      all.push_back(y - median_);
      if (y < median_) better.push_back(y - median_);
    }
    spread_ = root_mean_square(better.empty() ? all : better);
  }
  std::vector<double> values;
  for (const double y : outputs) values.push_back(warped(y));
  for (const double w : values) mean_ += w / static_cast<double>(values.size());
  for (double& w : values) w -= mean_;
  deviation_ = root_mean_square(values);
}

double OutputScale::warped(double output) const {
  if (kind_ == Kind::plain) return output;
  constexpr double kWorst = 5;
  const double t = (output - median_) / spread_;
  if (t <= 0) return t;
  return kind_ == Kind::capped ? std::min(std::asinh(t), kWorst) : std::asinh(t);
}

double OutputScale::operator()(double output) const {
  return (warped(output) - mean_) / deviation_;
}

}  // namespace joule::search
