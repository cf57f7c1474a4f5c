// SPDX-License-Identifier: MIT
#include "joule/bench/conv/conv_problem.h"
#include "joule/core/error.h"
#include "joule/tests/fuzz/reader.h"

namespace joule::fuzz {
namespace {

/// The lists that `joule bench conv` takes on the command line.
void read(std::string_view text) {
  try {
    for (const auto& problem : bench::parse_conv_problems(text, 1)) {
      require(problem.x.numel() > 0 && problem.weight.numel() > 0, "an empty operand");
    }
  } catch (const ArgumentError&) {
  }
  try {
    bench::parse_passes(text);
  } catch (const ArgumentError&) {
  }
  try {
    bench::parse_densities(text);
  } catch (const ArgumentError&) {
  }
}

std::vector<std::string> seeds() {
  return {"64x128x56:1x1/2,3x64x224:7x7/2", "1048576x1048576x1048576:1048576x1048576",
          "forward,grad-weight,step", "1,.5,1e-3,inf,nan"};
}

}  // namespace

const Reader kLists{.name = "lists", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
