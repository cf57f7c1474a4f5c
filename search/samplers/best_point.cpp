// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "joule/core/random.h"
#include "joule/search/draw.h"
#include "joule/search/gaussian/maximise.h"
#include "joule/search/samplers/gp.h"
#include "joule/search/samplers/samplers.h"
#include "joule/search/samplers/sobol.h"
#include "joule/search/unit.h"

namespace joule::search {
namespace {

constexpr std::uint32_t kSobolPoints = 1024;
constexpr std::uint32_t kPointsAround = 64;  // each promising one
constexpr std::size_t kRefined = 6;          // of the best ones half of the sequence
constexpr int kEvaluationsOnTheWay = 60;     // of each on the way up
constexpr int kMostRounds = 4;               // of reals, then integers and choices

/// A place in the unit cube, and its point: dimensions that are not active have a u, too.
struct Candidate {
  std::vector<double> units;
  Point point;
  double value = -std::numeric_limits<double>::infinity();
};

class Search {
 public:
  Search(const Space& space, const Encoding& encoding, std::span<const GaussianProcess> processes,
         const Acquisition& acquisition)
      : space_(space), encoding_(encoding), processes_(processes), acquisition_(acquisition) {}

  Candidate at(std::vector<double> units) const {
    Point point = point_of_units(space_, [&](std::size_t i) { return units[i]; });
    return {std::move(units), std::move(point)};
  }
  Candidate at(const Point& point) const {
    std::vector<double> units;
    for (const Dimension& d : space_.dimensions()) {
      const PointValue* const value = point.find(d.name);
      units.push_back(value && !constant(d) ? unit_cell(d, *value).center : 0.5);
    }
    return {std::move(units), point};
  }

  void evaluate(std::vector<Candidate>& candidates) const {
    std::vector<double> rows;
    for (const Candidate& candidate : candidates) {
      const std::vector<double> row = encoding_.encode(candidate.point);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    std::vector<std::vector<Prediction>> predictions;
    for (const GaussianProcess& process : processes_) predictions.push_back(process.predict(rows));
    std::vector<Expected> expected(processes_.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      for (std::size_t j = 0; j < expected.size(); ++j) {
        expected[j] = expected_of(predictions[j][i]);
      }
      candidates[i].value = acquisition_(candidates[i].point, expected);
    }
  }

  /// Up from a candidate.
  Candidate refined(Candidate candidate) const {
    for (int round = 0; round < kMostRounds; ++round) {
      Candidate next = with_better_reals(candidate);
      const bool moved = step(next);
      if (next.value > candidate.value) candidate = std::move(next);
      if (!moved) break;
    }
    return candidate;
  }

 private:
  /// No wider than what rounding leaves of a deviation of 0.
  static Expected expected_of(const Prediction& p) {
    constexpr double kSmallest = 1e-12;
    return {p.mean, std::sqrt(std::max(p.variance, kSmallest))};
  }

  /// Moves the active reals.
  Candidate with_better_reals(const Candidate& candidate) const {
    std::vector<std::size_t> moved;
    std::vector<double> start;
    for (std::size_t i = 0; i < space_.size(); ++i) {
      const Dimension& d = space_.dimensions()[i];
      if (d.kind != Kind::real || constant(d) || !candidate.point.contains(d.name)) continue;
      moved.push_back(i);
      start.push_back(candidate.units[i]);
    }
    if (moved.empty()) return candidate;
    std::vector<double> row = encoding_.encode(candidate.point);
    const auto value = [&](std::span<const double> x, std::span<double> gradient) {
      for (std::size_t i = 0; i < x.size(); ++i) row[encoding_.first_column(moved[i])] = x[i];
      const std::vector<double> by_column = gradient_at(candidate.point, row);
      for (std::size_t i = 0; i < x.size(); ++i) {
        gradient[i] = by_column[encoding_.first_column(moved[i])];
      }
      return by_column.back();
    };
    const std::vector<double> low(moved.size(), 0), high(moved.size(), 1);
    const Maximum maximum = maximise(value, std::move(start), low, high, kEvaluationsOnTheWay);
    std::vector<double> units = candidate.units;
    for (std::size_t i = 0; i < moved.size(); ++i) units[moved[i]] = maximum.x[i];
    std::vector<Candidate> one{at(std::move(units))};
    evaluate(one);
    return one[0].value > candidate.value ? std::move(one[0]) : candidate;
  }

  /// The derivatives of the acquisition by the columns, and behind them its value; what it has of
  /// the point itself is taken as it is.
  std::vector<double> gradient_at(const Point& point, const std::vector<double>& row) const {
    const std::size_t columns = row.size();
    std::vector<Expected> expected;
    std::vector<std::vector<double>> means, variances;
    for (const GaussianProcess& process : processes_) {
      auto& mean = means.emplace_back(columns);
      auto& variance = variances.emplace_back(columns);
      expected.push_back(expected_of(process.predict(row, mean, variance)));
    }
    std::vector<double> out(columns, 0);
    // By mean and deviation with central differences: beside a prediction they cost nothing.
    for (std::size_t j = 0; j < expected.size(); ++j) {
      const Expected center = expected[j];
      const double h = 1e-5 * center.deviation;
      const auto slope = [&](double Expected::*member) {
        expected[j].*member = center.*member + h;
        const double above = acquisition_(point, expected);
        expected[j].*member = center.*member - h;
        const double below = acquisition_(point, expected);
        expected[j] = center;
        return (above - below) / (2 * h);
      };
      const double by_mean = slope(&Expected::mean);
      const double by_variance = slope(&Expected::deviation) / (2 * center.deviation);
      for (std::size_t c = 0; c < columns; ++c) {
        out[c] += by_mean * means[j][c] + by_variance * variances[j][c];
      }
    }
    out.push_back(acquisition_(point, expected));
    return out;
  }

  /// To the best of the neighbours in one integer or choice, if it is better.
  bool step(Candidate& candidate) const {
    std::vector<Candidate> neighbours;
    for (std::size_t i = 0; i < space_.size(); ++i) {
      const Dimension& d = space_.dimensions()[i];
      const PointValue* const value = candidate.point.find(d.name);
      if (d.kind == Kind::real || constant(d) || !value) continue;
      const auto add = [&](const PointValue& other) {
        std::vector<double> units = candidate.units;
        units[i] = unit_cell(d, other).center;
        neighbours.push_back(at(std::move(units)));
      };
      if (d.kind == Kind::categorical) {
        for (const std::string& choice : d.choices) {
          if (choice != std::get<std::string>(*value)) add(choice);
        }
      } else {
        const std::int64_t now = std::get<std::int64_t>(*value);
        if (static_cast<double>(now) > d.low) add(now - d.step);
        if (static_cast<double>(now) < d.high) add(now + d.step);
      }
    }
    if (neighbours.empty()) return false;
    evaluate(neighbours);
    const auto best = std::ranges::max_element(neighbours, {}, &Candidate::value);
    if (!(best->value > candidate.value)) return false;
    candidate = *best;
    return true;
  }

  const Space& space_;
  const Encoding& encoding_;
  std::span<const GaussianProcess> processes_;
  const Acquisition& acquisition_;
};

/// Each coordinate moved with probability 1/2 by a normal step, of a tenth to a thousandth of the
/// range; a choice drawn anew.
std::vector<double> around(const Space& space, const std::vector<double>& center,
                           std::uint32_t number, std::uint64_t trial, std::uint64_t seed) {
  std::vector<double> units = center;
  const double width = std::pow(10, -1 - static_cast<double>(number % 3));
  for (std::size_t i = 0; i < units.size(); ++i) {
    const auto words = philox(seed, trial, stream(Drawer::gp, i, 4 + number));
    if (words[3] % 2) continue;
    const double u = unit(words[0], words[1]);
    if (space.dimensions()[i].kind == Kind::categorical) {
      units[i] = u;
      continue;
    }
    const double angle = 2 * std::numbers::pi * to_uniform(words[2]);
    units[i] += width * std::sqrt(-2 * std::log1p(-u)) * std::cos(angle);
    units[i] = std::clamp(units[i], 0.0, std::nextafter(1.0, 0.0));
  }
  return units;
}

}  // namespace

Point best_point(const Space& space, const Encoding& encoding,
                 std::span<const GaussianProcess> processes, const Acquisition& acquisition,
                 std::span<const Point> promising, std::uint64_t trial, std::uint64_t seed) {
  const Search search(space, encoding, processes, acquisition);
  const auto words = philox(seed, trial, stream(Drawer::gp, 0, 2));
  const std::uint64_t scramble = std::uint64_t{words[0]} << 32 | words[1];
  std::vector<Candidate> spread, close;
  for (std::uint32_t number = 0; number < kSobolPoints; ++number) {
    const std::vector<std::uint32_t> fractions = sobol_point(space.size(), number);
    std::vector<double> units;
    for (std::size_t i = 0; i < space.size(); ++i) {
      units.push_back(owen_scrambled(fractions[i], i, number, scramble));
    }
    spread.push_back(search.at(std::move(units)));
  }
  std::uint32_t number = 0;
  for (const Point& point : promising) {
    const Candidate center = search.at(point);
    close.push_back(center);
    for (std::uint32_t i = 0; i < kPointsAround; ++i) {
      close.push_back(search.at(around(space, center.units, number++, trial, seed)));
    }
  }
  Candidate best;
  for (std::vector<Candidate>* const candidates : {&spread, &close}) {
    search.evaluate(*candidates);
    std::ranges::stable_sort(*candidates, std::ranges::greater{}, &Candidate::value);
    for (std::size_t i = 0; i < std::min(kRefined / 2, candidates->size()); ++i) {
      Candidate top = search.refined((*candidates)[i]);
      if (top.value > best.value || best.point.size() == 0) best = std::move(top);
    }
  }
  return best.point;
}

}  // namespace joule::search
