// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>
#include <vector>

// What several lessons need.

/// FILE.csv, which the first argument names, for the points of a lesson's picture; without an
/// argument what is written to it is dropped.  Ends the program if it is another file, or cannot
/// be written.
inline std::ofstream points_file(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "/dev/null";
  std::ofstream file;
  if (argc < 2 || name.ends_with(".csv")) file.open(name.data());
  if (!file.is_open()) {
    std::cerr << name << ": expected a name that ends in .csv, in a folder that exists\n";
    std::exit(1);
  }
  return file;
}

/// The median of what `body` returns in so many turns.
template <class Body>
double median(int turns, Body&& body) {
  std::vector<double> values;
  for (int turn = 0; turn < turns; ++turn) values.push_back(body());
  std::ranges::sort(values);
  return values[values.size() / 2];
}
