// SPDX-License-Identifier: MIT
#include "joule/search/front/attainment.h"

#include <algorithm>
#include <limits>

#include "joule/core/error.h"

namespace joule::search {
namespace {

struct Attained {
  double x, y;  // costs
  std::size_t run;
};

void check(std::span<const Objectives> runs, std::size_t k) {
  require(k >= 1 && k <= runs.size(), "attainment_surface: expected k from 1 to ", runs.size(),
          ", the number of runs, got ", k);
  for (const Objectives& run : runs) {
    require(run.directions().size() == 2, "attainment_surface: expected two objectives, got ",
            run.directions().size());
    require(std::ranges::equal(run.directions(), runs[0].directions()),
            "attainment_surface: the runs differ in their directions");
  }
}

}  // namespace

std::vector<std::array<double, 2>> attainment_surface(std::span<const Objectives> runs,
                                                      std::size_t k) {
  check(runs, k);
  std::vector<Attained> all;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (std::size_t i = 0; i < runs[run].size(); ++i) {
      all.push_back({runs[run].cost(i)[0], runs[run].cost(i)[1], run});
    }
  }
  std::ranges::sort(all, {}, &Attained::x);
  constexpr double kNothing = std::numeric_limits<double>::infinity();
  // What each run attained in the second objective at the price of x in the first.
  std::vector<double> best(runs.size(), kNothing), sorted;
  const auto own = [&](double cost, std::size_t objective) {
    return runs[0].directions()[objective] == Direction::minimise ? cost : -cost;
  };
  std::vector<std::array<double, 2>> corners;
  double last = kNothing;
  for (std::size_t i = 0; i < all.size(); ++i) {
    best[all[i].run] = std::min(best[all[i].run], all[i].y);
    if (i + 1 < all.size() && all[i + 1].x == all[i].x) continue;
    sorted = best;
    std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(k - 1));
    const double y = sorted[k - 1];
    if (y < last) corners.push_back({own(all[i].x, 0), own(y, 1)});
    last = std::min(last, y);
  }
  return corners;
}

}  // namespace joule::search
