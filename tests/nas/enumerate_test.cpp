// SPDX-License-Identifier: MIT
#include "joule/nas/cell/enumerate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "joule/core/error.h"

namespace joule::nas {
namespace {

/// Every matrix with every labelling, by the authors' definition: what is its own pruned cell, by
/// fingerprint.
std::set<Fingerprint> by_definition(const CellLimits& limits) {
  std::set<Fingerprint> all;
  for (int v = 2; v <= limits.vertices; ++v) {
    for (std::uint32_t bits = 0; bits < 1U << Cell::possible_edges(v); ++bits) {
      int labellings = 1;
      for (int i = 2; i < v; ++i) labellings *= kCellOps;
      for (int number = 0; number < labellings; ++number) {
        std::vector<CellOp> ops;
        for (int i = 2, rest = number; i < v; ++i, rest /= kCellOps) {
          ops.push_back(static_cast<CellOp>(rest % kCellOps));
        }
        const Cell cell(v, bits, ops);
        if (fault_of(cell, limits).empty() && pruned(cell) == cell) all.insert(fingerprint(cell));
      }
    }
  }
  return all;
}

TEST(CellEnumeration, HasTheCountsOfThePapers) {
  EXPECT_EQ(enumerate({.vertices = 2}).size(), 1U);
  EXPECT_EQ(enumerate({.vertices = 3}).size(), 7U);
  EXPECT_EQ(enumerate({.vertices = 4}).size(), 91U);
  EXPECT_EQ(enumerate({.vertices = 5}).size(), 2532U);
}

/// With fingerprints as many, which `joule nas enumerate --vertices 7 --count` finds.
TEST(CellEnumeration, HasThoseOfSevenVertices) {
  EXPECT_EQ(canonical_cells({.vertices = 7}).size(), 423'624U);
}

TEST(CellEnumeration, IsWhatTryingEverythingFinds) {
  for (const CellLimits limits : {CellLimits{4, 9}, CellLimits{4, 3}, CellLimits{5, 5}}) {
    std::set<Fingerprint> found;
    for (const NamedCell& each : enumerate(limits)) {
      EXPECT_EQ(fault_of(each.cell, limits), "");
      EXPECT_EQ(fingerprint(each.cell), each.fingerprint);
      EXPECT_EQ(canonical(each.cell), each.cell) << to_text(each.cell);
      EXPECT_TRUE(found.insert(each.fingerprint).second) << to_text(each.cell);
    }
    EXPECT_EQ(found, by_definition(limits));
  }
}

TEST(CellEnumeration, ComesInOrder) {
  const std::vector<Cell> cells = canonical_cells({.vertices = 5});
  EXPECT_TRUE(std::ranges::is_sorted(cells));
  EXPECT_EQ(to_text(cells[0]), "01/00");
}

TEST(CellEnumeration, RefusesLimitsThatAreNone) {
  const auto message = [](CellLimits limits) -> std::string {
    try {
      enumerate(limits);
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message({.vertices = 8}), "vertices: expected 2 to 7, got 8");
  EXPECT_EQ(message({.vertices = 1}), "vertices: expected 2 to 7, got 1");
  EXPECT_EQ(message({.edges = 0}), "edges: expected 1 to 21, got 0");
}

TEST(CanonicalCell, IsOneForAllThatAreIsomorphic) {
  const Cell one = canonical(parse_cell("01100/00010/00010/00001/00000:0,2,1"));
  EXPECT_EQ(canonical(parse_cell("01100/00010/00010/00001/00000:2,0,1")), one);
  EXPECT_NE(canonical(parse_cell("01100/00010/00010/00001/00000:2,1,0")), one);
  // Pruned first.
  EXPECT_EQ(canonical(parse_cell("01010/00000/00010/00001/00000:0,1,2")),
            parse_cell("010/001/000:2"));
}

TEST(RandomCell, IsOfTheSpaceAndReachesAllOfIt) {
  Generator random(7);
  std::map<Fingerprint, int> drawn;
  for (int i = 0; i < 4000; ++i) {
    const Cell cell = random_cell({.vertices = 4, .edges = 4}, random);
    EXPECT_EQ(fault_of(cell, {.vertices = 4, .edges = 4}), "");
    EXPECT_EQ(pruned(cell), cell);
    ++drawn[fingerprint(cell)];
  }
  EXPECT_EQ(drawn.size(), enumerate({.vertices = 4, .edges = 4}).size());
  Generator again(7), other(8);
  EXPECT_EQ(random_cell({}, again), random_cell({}, again = Generator(7)));
  EXPECT_NE(random_cell({}, again), random_cell({}, other));
}

}  // namespace
}  // namespace joule::nas
