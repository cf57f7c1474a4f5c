// SPDX-License-Identifier: MIT
#include "joule/search/front/front.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/front/attainment.h"
#include "joule/search/front/hypervolume.h"

namespace joule::search {
namespace {

constexpr Direction kMin = Direction::minimise, kMax = Direction::maximise;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Values = std::vector<std::vector<double>>;
using Indices = std::vector<std::size_t>;

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

/// Whole numbers, of which many are equal.
Values random_values(std::size_t n, std::size_t dimensions, int bound, std::uint64_t seed) {
  Generator generator(seed);
  Values values(n, std::vector<double>(dimensions));
  for (auto& row : values) {
    for (double& value : row) {
      value = static_cast<double>(generator.below(static_cast<std::uint64_t>(bound)));
    }
  }
  return values;
}

/// Energy to minimise, accuracy to maximise.  1 dominates 3; 4 is 0 again; 2 and 0 have equal
/// energy.
Objectives energy_and_accuracy() {
  return {{kMin, kMax}, {{1, 0.5}, {2, 0.9}, {1, 0.4}, {3, 0.9}, {1, 0.5}, {4, 0.95}}};
}

TEST(Front, DominanceHasDirectionsAndTies) {
  const Objectives o = energy_and_accuracy();
  EXPECT_TRUE(dominates(o, 0, 2));  // as much energy, more accurate
  EXPECT_FALSE(dominates(o, 2, 0));
  EXPECT_TRUE(dominates(o, 1, 3));   // as accurate, less energy
  EXPECT_FALSE(dominates(o, 0, 1));  // neither
  EXPECT_FALSE(dominates(o, 1, 0));
  EXPECT_FALSE(dominates(o, 0, 4));  // equal
  EXPECT_FALSE(dominates(o, 0, 0));
}

TEST(Front, KeepsDuplicatesOnceAndOrdersByTheFirst) {
  EXPECT_EQ(front(energy_and_accuracy()), (Indices{0, 1, 5}));
  EXPECT_EQ(ranks(energy_and_accuracy()), (std::vector<std::int64_t>{0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(front({{kMax}, {{1}, {3}, {3}, {2}}}), (Indices{1}));
  EXPECT_EQ(front({{kMin}, {}}), Indices{});
}

/// The definition: 1 + the largest rank of those that dominate.
TEST(Front, RanksAreThoseOfTheDefinition) {
  for (const std::size_t dimensions : {1, 2, 3, 4}) {
    const Objectives o(std::vector<Direction>(dimensions, kMax),
                       random_values(120, dimensions, 6, dimensions));
    const std::vector<std::int64_t> found = ranks(o);
    for (std::size_t i = 0; i < o.size(); ++i) {
      std::int64_t expected = 0;
      for (std::size_t k = 0; k < o.size(); ++k) {
        if (dominates(o, k, i)) expected = std::max(expected, found[k] + 1);
      }
      ASSERT_EQ(found[i], expected) << dimensions << ' ' << i;
    }
  }
}

TEST(Front, CrowdingDistance) {
  const Objectives o({kMin, kMin}, {{0, 10}, {1, 6}, {4, 4}, {8, 0}});
  const std::vector<double> distances = crowding_distances(o, Indices{3, 1, 0, 2});
  EXPECT_EQ(distances[0], kInfinity);
  EXPECT_DOUBLE_EQ(distances[1], 4.0 / 8 + 6.0 / 10);
  EXPECT_EQ(distances[2], kInfinity);
  EXPECT_DOUBLE_EQ(distances[3], 7.0 / 8 + 6.0 / 10);
  const Objectives flat({kMin, kMin}, {{2, 1}, {2, 2}, {2, 3}});
  EXPECT_EQ(crowding_distances(flat, Indices{0, 1, 2}),
            (std::vector<double>{kInfinity, 1, kInfinity}));
  EXPECT_EQ(crowding_distances(flat, Indices{0}), std::vector<double>{0});
  EXPECT_TRUE(crowding_distances(flat, {}).empty());
}

TEST(Front, ExtremaLieOnTheFront) {
  const Objectives o({kMin, kMax}, {{1, 0.4}, {4, 0.95}, {1, 0.5}, {3, 0.95}, {3, 0.95}});
  EXPECT_EQ(extrema(o), (Indices{2, 3}));
  EXPECT_EQ(message_of([] { extrema({{kMin}, {}}); }), "extrema: there is no point");
}

TEST(Front, KneeIsTheFarthestFromTheChord) {
  // Scaled: (0, 1), (1/4, 1/2), (1/2, 1/4 + a little), (1, 0)
  const Objectives o({kMin, kMax}, {{0, 0}, {1, 0.5}, {2, 0.74}, {4, 1}, {2, 0.1}});
  const std::optional<Knee> found = knee(o);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->point, 1u);
  EXPECT_DOUBLE_EQ(found->distance, 0.25 / std::sqrt(2));
}

TEST(Front, TheLargestBendIsThatOfNeighbours) {
  // Scaled: (0, 1), (0.1, 0.6), (0.2, 0.5), (0.5, 0.1), (1, 0): the slopes are 4, 1, 4/3, 1/5.
  const Objectives o({kMin, kMax}, {{10, 0}, {11, 40}, {12, 50}, {15, 90}, {20, 100}, {19, 90}});
  const auto bend = largest_bend(o);
  ASSERT_TRUE(bend);
  EXPECT_EQ(bend->point, 3u);
  EXPECT_NEAR(bend->angle, (std::atan(4.0 / 3) - std::atan(0.2)) * 180 / std::numbers::pi, 1e-12);
  EXPECT_EQ(knee(o)->point, 3u);
  // A step that is one point wide bends more than the whole front.
  const Objectives step({kMin, kMin}, {{0, 10}, {1, 5}, {5, 1}, {5.1, 0.1}, {9.9, 0.05}, {10, 0}});
  EXPECT_EQ(largest_bend(step)->point, 3u);
  EXPECT_FALSE(largest_bend(Objectives({kMin, kMin}, {{0, 1}, {1, 0}})));
  EXPECT_FALSE(largest_bend(Objectives({kMin, kMin}, {{0, 2}, {1, 1}, {2, 0}})));
  EXPECT_EQ(message_of([] { largest_bend(Objectives({kMin}, {{1}})); }),
            "largest_bend: expected two objectives, got 1");
}

TEST(Front, AFrontThatDoesNotBendHasNoKnee) {
  EXPECT_FALSE(knee({{kMin, kMin}, {{0, 3}, {1, 2}, {2, 1}, {3, 0}}}));
  EXPECT_FALSE(knee({{kMin, kMin}, {{0, 0.3}, {0.1, 0.2}, {0.2, 0.1}, {0.3, 0}}}));
  EXPECT_FALSE(knee({{kMin, kMin}, {{0, 4}, {3, 3}, {4, 0}}}));  // bends the other way
  EXPECT_FALSE(knee({{kMin, kMin}, {{0, 1}, {1, 0}}}));
  EXPECT_EQ(message_of([] { knee({{kMin}, {}}); }), "knee: expected two objectives, got 1");
}

TEST(Front, SaysWhichPairsIntervalsDoNotTellApart) {
  using Row = std::vector<std::optional<Interval>>;
  const Objectives o({kMin, kMax}, {{1, 0.5}, {2, 0.6}, {3, 0.8}, {9, 0.1}});
  std::vector<Row> intervals{{Interval{1, 1}, Interval{0.45, 0.55}},
                             {Interval{2, 2}, Interval{0.55, 0.65}},
                             {Interval{3, 3}, Interval{0.7, 0.9}},
                             {}};
  using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
  const Indices members{0, 1, 2};
  EXPECT_EQ(unseparated(o, members, intervals), (Pairs{{0, 1}}));  // they touch in accuracy
  intervals[0][1] = Interval{0.45, 0.54};
  EXPECT_EQ(unseparated(o, members, intervals), Pairs{});
  intervals[2][0] = std::nullopt;
  EXPECT_EQ(unseparated(o, members, intervals), (Pairs{{0, 2}, {1, 2}}));
  intervals[2][0] = Interval{1.5, 4};  // overlaps that of 1 alone
  EXPECT_EQ(unseparated(o, members, intervals), (Pairs{{1, 2}}));
  intervals[1][0] = Interval{3, 2};
  EXPECT_EQ(message_of([&] { unseparated(o, members, intervals); }),
            "point 1: expected an interval with low <= high, got 3 and 2");
  EXPECT_EQ(message_of([&] { unseparated(o, Indices{3}, intervals); }),
            "point 3: expected 2 intervals, got 0");
}

TEST(Objectives, FaultsNameThePoint) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message_of([&] {
              Objectives({kMin, kMin}, {{1, 2}, {1, nan}});
            }),
            "point 1: objective 1 must be a finite number, got nan");
  EXPECT_EQ(message_of([&] { Objectives({kMin}, {{kInfinity}}, {"lr = 0.1"}); }),
            "lr = 0.1: objective 0 must be a finite number, got inf");
  EXPECT_EQ(message_of([&] {
              objectives_of({kMin}, std::vector<Observation>{{.number = 12, .objectives = {nan}}});
            }),
            "trial 12: objective 0 must be a finite number, got nan");
  EXPECT_EQ(message_of([&] {
              Objectives({kMin, kMin}, {{1}});
            }),
            "point 0: expected 2 objectives, got 1");
  EXPECT_EQ(message_of([&] { Objectives({}, {}); }), "objectives: there are no directions");
  EXPECT_EQ(message_of([&] {
              Objectives({kMin}, {{1}}, {"a", "b"});
            }),
            "objectives: 2 names for 1 points");
}

/// Of whole numbers: the unit cells that a point covers.
double counted_cells(const Objectives& o, const std::vector<double>& reference) {
  const std::size_t dimensions = reference.size();
  std::vector<double> cell(dimensions, 0);
  double count = 0;
  for (bool more = true; more;) {
    for (std::size_t i = 0; i < o.size(); ++i) {
      bool covers = true;
      for (std::size_t j = 0; j < dimensions; ++j) covers &= o[i][j] <= cell[j];
      if (covers) {
        ++count;
        break;
      }
    }
    more = false;
    for (std::size_t j = 0; j < dimensions && !more; ++j) {
      more = ++cell[j] < reference[j];
      if (!more) cell[j] = 0;
    }
  }
  return count;
}

TEST(Hypervolume, CountsTheCellsThatAreCovered) {
  for (const std::size_t dimensions : {1, 2, 3, 4, 5}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Objectives o(std::vector<Direction>(dimensions, kMin),
                         random_values(12, dimensions, 7, seed));
      const std::vector<double> reference(dimensions, 6);  // some points are not better than it
      ASSERT_EQ(hypervolume(o, reference), counted_cells(o, reference))
          << dimensions << ' ' << seed;
    }
  }
}

TEST(Hypervolume, GrowsWithPoints) {
  for (const std::size_t dimensions : {2, 3, 4}) {
    std::vector<std::vector<double>> points;
    const std::vector<double> reference(dimensions, 6);
    double last = 0;
    for (const std::vector<double>& point : random_values(40, dimensions, 7, dimensions)) {
      points.push_back(point);
      const Objectives o(std::vector<Direction>(dimensions, kMin), points);
      const double volume = hypervolume(o, reference);
      ASSERT_GE(volume, last);
      // It grows by what the point alone covers.
      ASSERT_EQ(volume - last, exclusive_contributions(o, reference).back());
      last = volume;
    }
    EXPECT_GT(last, 0);
  }
}

TEST(Hypervolume, DirectionsAreTheObjectivesOwn) {
  const Objectives o({kMin, kMax}, {{1, 2}, {2, 3}});
  EXPECT_DOUBLE_EQ(hypervolume(o, std::vector<double>{4, 1}), 3 * 1 + 2 * 1);
  EXPECT_EQ(hypervolume(o, std::vector<double>{1, 0}), 0);  // on the border: no volume
  EXPECT_EQ(hypervolume({{kMin}, {}}, std::vector<double>{1}), 0);
  EXPECT_EQ(message_of([&] { hypervolume(o, std::vector<double>{1}); }),
            "hypervolume: the reference has 1 values, expected 2");
  EXPECT_EQ(message_of([&] {
              hypervolume(o, std::vector<double>{1, kInfinity});
            }),
            "hypervolume: the reference must be finite, got inf");
}

TEST(Hypervolume, ContributionsAreWhatIsLostWithoutThePoint) {
  for (const std::size_t dimensions : {2, 3, 4}) {
    const Values values = random_values(10, dimensions, 6, 100 + dimensions);
    const std::vector<Direction> directions(dimensions, kMin);
    const std::vector<double> reference(dimensions, 5);
    const Objectives all(directions, values);
    const std::vector<double> contributions = exclusive_contributions(all, reference);
    for (std::size_t i = 0; i < values.size(); ++i) {
      Values others = values;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_EQ(contributions[i],
                hypervolume(all, reference) - hypervolume({directions, others}, reference))
          << dimensions << ' ' << i;
    }
  }
}

TEST(Attainment, OfThreeRuns) {
  const std::vector<Direction> directions{kMin, kMax};
  const std::vector<Objectives> runs{
      {directions, {{1, 1}, {3, 3}}}, {directions, {{2, 2}}}, {directions, {{2, 1}, {4, 4}}}};
  using Surface = std::vector<std::array<double, 2>>;
  EXPECT_EQ(attainment_surface(runs, 1), (Surface{{1, 1}, {2, 2}, {3, 3}, {4, 4}}));
  EXPECT_EQ(attainment_surface(runs, 2), (Surface{{2, 1}, {3, 2}, {4, 3}}));
  EXPECT_EQ(attainment_surface(runs, 3), (Surface{{2, 1}, {4, 2}}));
  EXPECT_EQ(message_of([&] { attainment_surface(runs, 4); }),
            "attainment_surface: expected k from 1 to 3, the number of runs, got 4");
  const std::vector<Objectives> other{runs[0], {{kMin, kMin}, {}}};
  EXPECT_EQ(message_of([&] { attainment_surface(other, 1); }),
            "attainment_surface: the runs differ in their directions");
  EXPECT_TRUE(attainment_surface(std::vector<Objectives>{runs[0], {directions, {}}}, 2).empty());
}

}  // namespace
}  // namespace joule::search
