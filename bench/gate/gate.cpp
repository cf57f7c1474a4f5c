// SPDX-License-Identifier: MIT
#include "joule/bench/gate/gate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "joule/core/error.h"
#include "joule/search/statistics/rank_tests.h"

namespace joule::bench {
namespace {

constexpr std::array kKinds = {GateKind::count, GateKind::energy, GateKind::ratio, GateKind::time,
                               GateKind::memory};
/// Of a modelled energy: it is a sum of products of the same counts, perhaps in another order.
constexpr Exact kRounding = 1e-12L;

/// The smallest two-sided p of so many values: 2 / (a + b over a).
double least_p(std::size_t a, std::size_t b) {
  double orders = 1;
  for (std::size_t i = 1; i <= b; ++i) {
    orders *= static_cast<double>(a + i) / static_cast<double>(i);
  }
  return std::min(1.0, 2 / orders);
}

/// Hodges and Lehmann's estimate, of a ratio.
double median_ratio(const std::vector<double>& base, const std::vector<double>& fresh) {
  std::vector<double> ratios;
  for (const double b : base) {
    for (const double f : fresh) ratios.push_back(f / b);
  }
  std::ranges::sort(ratios);
  const std::size_t n = ratios.size();
  return n % 2 == 1 ? ratios[n / 2] : (ratios[n / 2 - 1] + ratios[n / 2]) / 2;
}

bool is_test(const GateFigure& figure) { return figure.problem.empty() && !figure.exact; }

Verdict changed(const GateFigure& figure, bool more) {
  return more == figure.more_is_better ? Verdict::better : Verdict::worse;
}

GateRow judged_exactly(GateFigure figure) {
  const auto [base, fresh] = *figure.exact;
  GateRow row{.figure = std::move(figure)};
  if (base != 0) row.ratio = static_cast<double>(fresh / base);
  const bool rounding =
      row.figure.kind == GateKind::energy && std::abs(fresh - base) <= kRounding * std::abs(base);
  row.verdict = fresh == base || rounding ? Verdict::same : changed(row.figure, fresh > base);
  return row;
}

GateRow judged_by_ranks(GateFigure figure, double threshold, double tolerance) {
  GateRow row{.figure = std::move(figure)};
  const std::vector<double>&base = row.figure.base, &fresh = row.figure.fresh;
  row.ratio = median_ratio(base, fresh);
  if (least_p(base.size(), fresh.size()) > threshold) {
    row.verdict = Verdict::too_few;
    row.reason = str(base.size(), " and ", fresh.size(), " values; ", least_values(threshold),
                     " each can be told apart");
    return row;
  }
  const bool all_equal = std::ranges::all_of(base, [&](double v) { return v == base[0]; }) &&
                         std::ranges::all_of(fresh, [&](double v) { return v == base[0]; });
  row.p = all_equal ? 1 : search::mann_whitney(fresh, base).p;
  if (*row.p > threshold) {
    row.verdict = Verdict::not_told_apart;
  } else if (*row.ratio <= 1 + tolerance && *row.ratio >= 1 / (1 + tolerance)) {
    row.verdict = Verdict::within_tolerance;
  } else {
    row.verdict = changed(row.figure, *row.ratio > 1);
  }
  return row;
}

}  // namespace

std::string_view name(GateKind kind) {
  constexpr std::array<std::string_view, kKinds.size()> kNames = {"count", "energy", "ratio",
                                                                  "time", "memory"};
  return kNames[static_cast<std::size_t>(kind)];
}

GateKind gate_kind(std::string_view text) {
  std::string all;
  for (const GateKind kind : kKinds) {
    if (text == name(kind)) return kind;
    all += str(all.empty() ? "" : ", ", name(kind));
  }
  throw ArgumentError(str("expected figures of these kinds: ", all, "; got ", text));
}

std::string_view name(Verdict verdict) {
  constexpr std::array<std::string_view, 7> kNames = {
      "better",         "same",           "worse",         "within tolerance",
      "not told apart", "too few values", "not comparable"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view name(Gate::Outcome outcome) {
  constexpr std::array<std::string_view, 3> kNames = {"passed", "regressed", "undecided"};
  return kNames[static_cast<std::size_t>(outcome)];
}

Gate::Outcome Gate::outcome() const {
  const auto any = [&](Verdict verdict) {
    return std::ranges::any_of(rows, [&](const GateRow& row) { return row.verdict == verdict; });
  };
  if (any(Verdict::worse)) return Outcome::regressed;
  const bool open = rows.empty() || any(Verdict::too_few) || any(Verdict::not_comparable);
  return open ? Outcome::undecided : Outcome::passed;
}

std::int64_t least_values(double p) {
  std::size_t n = 1;
  while (least_p(n, n) > p) ++n;
  return static_cast<std::int64_t>(n);
}

Gate gate(GateSets sets, GateOptions options) {
  require(std::isfinite(options.tolerance) && options.tolerance >= 0,
          "gate: expected a tolerance of at least 0, got ", options.tolerance);
  require(options.level > 0 && options.level < 1, "gate: expected a level between 0 and 1, got ",
          options.level);
  std::vector<GateFigure> figures = std::move(sets.figures);
  if (!options.kinds.empty()) {
    std::erase_if(figures, [&](const GateFigure& figure) {
      return std::ranges::count(options.kinds, figure.kind) == 0;
    });
  }
  const auto tests = std::max<std::ptrdiff_t>(1, std::ranges::count_if(figures, is_test));
  Gate result{.sets = std::move(sets),
              .options = options,
              .threshold = options.level / static_cast<double>(tests)};
  result.sets.figures.clear();
  for (GateFigure& figure : figures) {
    if (!figure.problem.empty()) {
      std::string why = figure.problem;
      result.rows.push_back({.figure = std::move(figure), .reason = std::move(why)});
    } else if (figure.exact) {
      result.rows.push_back(judged_exactly(std::move(figure)));
    } else {
      result.rows.push_back(
          judged_by_ranks(std::move(figure), result.threshold, options.tolerance));
    }
  }
  return result;
}

}  // namespace joule::bench
