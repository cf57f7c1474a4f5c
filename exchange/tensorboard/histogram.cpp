// SPDX-License-Identifier: MIT
#include "joule/exchange/tensorboard/histogram.h"

#include <algorithm>
#include <cmath>

namespace joule::exchange {
namespace {

const std::vector<double>& limits() {
  static const std::vector<double> all = [] {
    std::vector<double> positive;
    for (double limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push_back(limit);
    std::vector<double> list;
    for (auto limit = positive.rbegin(); limit != positive.rend(); ++limit) list.push_back(-*limit);
    list.push_back(0);
    list.insert(list.end(), positive.begin(), positive.end());
    list.push_back(std::numeric_limits<double>::max());
    return list;
  }();
  return all;
}

}  // namespace

Histogram::Histogram() : counts_(limits().size()) {}

void Histogram::add(std::span<const float> values) {
  const std::vector<double>& all = limits();
  for (const float value : values) {
    if (!std::isfinite(value)) {
      ++not_finite_;
      continue;
    }
    const auto x = static_cast<double>(value);
    ++counts_[static_cast<std::size_t>(std::ranges::upper_bound(all, x) - all.begin())];
    ++count_;
    min_ = std::min(min_, x);
    max_ = std::max(max_, x);
    sum_ += x;
    sum_squares_ += x * x;
  }
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  if (count_ == 0) return {};
  std::vector<Bucket> list;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0 && !list.empty() && list.back().count == 0) {
      list.back().limit = limits()[i];
    } else {
      list.push_back({.limit = limits()[i], .count = counts_[i]});
    }
  }
  return list;
}

}  // namespace joule::exchange
