// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "joule/tests/kernels/conv2d/conv2d_layer.h"

// Convolutions that Winograd's algorithm computes.
namespace joule::test {

/// m, of F(m x m, 3 x 3), and the row that computes by it.
struct Winograd {
  std::int64_t m;
  std::string_view row;
};
inline constexpr std::array kWinograds = {Winograd{2, "cpu.winograd_2x2"},
                                          Winograd{4, "cpu.winograd"}};

/// Edges of all kinds: of tiles of two and four, of pieces of 16 tiles, of vectors and blocks.
inline const std::vector<ConvCase>& winograd_cases() {
  static const std::vector<ConvCase> all = {
      {"one tile", {1, 4, 4, 16}, 16, 3, {.padding = 1}},
      {"one pixel", {1, 1, 1, 3}, 5, 3, {.padding = 1}},
      {"tails in channels", {2, 5, 7, 13}, 35, 3, {.padding = 1}},
      {"two blocks and a tail", {1, 4, 5, 66}, 131, 3, {.padding = 1}},
      {"without padding", {1, 8, 5, 16}, 48, 3},
      {"unequal padding", {1, 6, 9, 8}, 20, 3, {.padding = {0, 2}}},
      {"padding greater than the kernel", {1, 3, 3, 4}, 9, 3, {.padding = 4}},
      {"several images in a block", {7, 6, 6, 20}, 33, 3, {.padding = 1}},
      {"7x7", {3, 7, 7, 32}, 48, 3, {.padding = 1}},
      {"rows in pieces", {1, 6, 150, 5}, 18, 3, {.padding = 1}},
      {"several blocks", {2, 40, 39, 8}, 24, 3, {.padding = 1}},
      {"no images", {0, 5, 5, 3}, 4, 3, {.padding = 1}},
  };
  return all;
}

template <class Body>
void for_each_winograd_case(Body&& body) {
  for (const ConvCase& c : winograd_cases()) {
    SCOPED_TRACE(std::string(c.what));
    for (const Winograd& w : kWinograds) {
      SCOPED_TRACE(std::string(w.row));
      body(c, w);
    }
  }
}

}  // namespace joule::test
