// SPDX-License-Identifier: MIT
//
// The kinds of layers that compute with two values, and Clip.
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

std::vector<Kind> arithmetic_kinds() {
  return {clip_kind(), pair_kind<Div>(ReadZeros::lost), pair_kind<Mul>(ReadZeros::pass),
          pair_kind<Sub>(ReadZeros::lost)};
}

}  // namespace joule::nn
