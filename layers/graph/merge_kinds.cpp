// SPDX-License-Identifier: MIT
//
// The kinds of layers in which branches meet, and Clip.
#include <algorithm>
#include <limits>

#include "joule/core/error.h"
#include "joule/layers/activations.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/graph/merge.h"

namespace joule::nn {
namespace {

std::vector<WeightRule> weightless(const Attributes&) { return {}; }

Shape of_a_pair(const Attributes&, std::span<const Shape> xs) {
  const Shape &a = xs[0], &b = xs[1];
  const bool per_channel = a.rank() == 4 && b.rank() == 2 && a[0] == b[0] && a[3] == b[1];
  require(a == b || per_channel,
          "expected inputs of one shape, or an image and one number per channel, got ", a, " and ",
          b, " (with the batch in front)");
  return a;
}

template <class Layer>
Kind pair_kind(ReadZeros zeros) {
  return {.name = Layer::kKind,
          .least_inputs = 2,
          .most_inputs = 2,
          .make = [](const Attributes&) { return std::make_shared<Layer>(); },
          .shape = of_a_pair,
          .weights = weightless,
          .zeros = zeros};
}

constexpr std::size_t kMostBranches = 1024;

Kind add_kind() {
  return {.name = "Add",
          .least_inputs = 2,
          .most_inputs = kMostBranches,
          .make = [](const Attributes&) { return std::make_shared<Add>(); },
          .shape =
              [](const Attributes&, std::span<const Shape> xs) {
                for (const Shape& x : xs) {
                  require(x == xs[0], "expected inputs of one shape, got ", Shape(xs[0]), " and ",
                          x, " (with the batch in front)");
                }
                return xs[0];
              },
          .weights = weightless,
          .zeros = ReadZeros::lost};
}

Kind concat_kind() {
  return {.name = "Concat",
          .most_inputs = kMostBranches,
          .make = [](const Attributes&) { return std::make_shared<Concat>(); },
          .shape =
              [](const Attributes&, std::span<const Shape> xs) {
                std::vector<std::int64_t> sum(xs[0].begin(), xs[0].end());
                for (std::size_t i = 1; i < xs.size(); ++i) {
                  const Shape& x = xs[i];
                  require(
                      x.rank() == xs[0].rank() && std::equal(x.begin(), x.end() - 1, xs[0].begin()),
                      "expected inputs that differ in their channels alone, got ", xs[0], " and ",
                      x, " (with the batch in front)");
                  sum.back() += x[-1];
                }
                return Shape(sum);
              },
          .weights = weightless,
          .zeros = ReadZeros::pass};
}

Kind clip_kind() {
  using Float = std::numeric_limits<float>;
  const auto bound = [](const char* name, float preset) {
    return AttributeRule{
        .name = name, .preset = double{preset}, .least = Float::lowest(), .most = Float::max()};
  };
  return {.name = "Clip",
          .attributes = {bound("min", Float::lowest()), bound("max", Float::max())},
          .make =
              [](const Attributes& a) {
                return std::make_shared<Clip>(static_cast<float>(a.number("min")),
                                              static_cast<float>(a.number("max")));
              },
          .shape =
              [](const Attributes& a, std::span<const Shape> xs) {
                require(a.number("min") < a.number("max"), "expected min < max, got ",
                        a.number("min"), " and ", a.number("max"));
                return xs[0];
              },
          .weights = weightless,
          .zeros = ReadZeros::lost};
}

}  // namespace

std::vector<Kind> merge_kinds() {
  return {add_kind(),
          clip_kind(),
          concat_kind(),
          pair_kind<Div>(ReadZeros::lost),
          pair_kind<Mul>(ReadZeros::pass),
          pair_kind<Sub>(ReadZeros::lost)};
}

}  // namespace joule::nn
