// SPDX-License-Identifier: MIT
//
// Images resized to their nearest pixels, and rows or columns picked by number.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <type_traits>

#include "joule/core/error.h"
#include "joule/exchange/onnx/read/reading.h"

namespace joule::exchange {
namespace {

/// ONNX's names for how a row of the result finds its row.
struct NearestRule {
  std::string coordinates, rounding;
};

/// A dimension that is resized by numerator / denominator: the scale and 1, or two extents.
struct Stretch {
  std::int64_t in = 1, out = 1;
  double numerator = 1, denominator = 1;
};

/// In float32 as ONNX Runtime divides; in double without a quotient of its own.
template <class T>
T shrunk(const Stretch& s, T at) {
  const T numerator = static_cast<T>(s.numerator), denominator = static_cast<T>(s.denominator);
  if constexpr (std::is_same_v<T, float>) {
    return at / (numerator / denominator);
  } else {
    return at * denominator / numerator;
  }
}

/// Source    ONNX's operators, Resize: coordinate_transformation_mode.
template <class T>
T place_of(const NearestRule& rule, const Stretch& s, std::int64_t i) {
  const T at = static_cast<T>(i), in = static_cast<T>(s.in), out = static_cast<T>(s.out);
  const T half = T(0.5);
  if (rule.coordinates == "asymmetric") return shrunk(s, at);
  if (rule.coordinates == "tf_half_pixel_for_nn") return shrunk(s, at + half);
  if (rule.coordinates == "align_corners") return s.out == 1 ? T(0) : at * (in - 1) / (out - 1);
  if (rule.coordinates == "pytorch_half_pixel" && s.out == 1) return 0;
  const T place = shrunk(s, at + half) - half;
  if (rule.coordinates != "half_pixel_symmetric") return place;
  return place + half * (in - shrunk(s, out));
}

template <class T>
std::int64_t nearest_to(const NearestRule& rule, const Stretch& s, std::int64_t i) {
  const T place = place_of<T>(rule, s, i), below = std::floor(place), rest = place - below;
  const bool up = rule.rounding == "ceil"                 ? rest > 0
                  : rule.rounding == "round_prefer_floor" ? rest > T(0.5)
                  : rule.rounding == "round_prefer_ceil"  ? rest >= T(0.5)
                                                          : false;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(below) + (up ? 1 : 0), 0, s.in - 1);
}

/// One number if it is that of all.
std::vector<std::int64_t> shortened(std::vector<std::int64_t> repeats) {
  const bool alike =
      std::ranges::all_of(repeats, [&](auto copies) { return copies == repeats[0]; });
  if (alike) repeats.resize(1);
  return repeats;
}

/// For ResizeNearest.
std::vector<std::int64_t> repeats_of(Reading& reading, const NearestRule& rule, const Stretch& s) {
  reading.charge_order(static_cast<std::size_t>(s.in) + static_cast<std::size_t>(s.out));
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(s.in), 0);
  for (std::int64_t i = 0; i < s.out; ++i) {
    const std::int64_t from = nearest_to<double>(rule, s, i);
    const std::int64_t rounded = nearest_to<float>(rule, s, i);
    require(from == rounded, "from ", s.in, " to ", s.out, " rows or columns: number ", i, " is ",
            from, " or, where coordinates are rounded to float32, ", rounded,
            ": expected a scale at which all implementations agree");
    ++repeats[static_cast<std::size_t>(from)];
  }
  return shortened(std::move(repeats));
}

void require_choice(const char* attribute, const std::string& value,
                    std::span<const std::string_view> choices) {
  std::string all;
  for (const std::string_view choice : choices) all += str(all.empty() ? "" : ", ", choice);
  require(std::ranges::find(choices, value) != choices.end(), attribute, ": expected ",
          choices.size() > 1 ? "one of " : "", all, ", got ", value);
}

NearestRule nearest_rule(const OnnxNode& node) {
  constexpr std::array<std::string_view, 1> kModes{"nearest"};
  constexpr std::array<std::string_view, 6> kCoordinates{
      "align_corners",        "asymmetric",         "half_pixel",
      "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn"};
  constexpr std::array<std::string_view, 4> kRoundings{"ceil", "floor", "round_prefer_ceil",
                                                       "round_prefer_floor"};
  require_choice("mode", node.text("mode", "nearest"), kModes);
  require(node.integer("antialias", 0) == 0, "antialias: expected 0");
  NearestRule rule{node.text("coordinate_transformation_mode", "half_pixel"),
                   node.text("nearest_mode", "round_prefer_floor")};
  require_choice("coordinate_transformation_mode", rule.coordinates, kCoordinates);
  require_choice("nearest_mode", rule.rounding, kRoundings);
  return rule;
}

/// `scale` times `extent`, if float32 and double agree on the whole number that is meant.
template <class Round>
std::int64_t scaled_extent(double scale, std::int64_t extent, Round&& round) {
  const double exact = round(scale * static_cast<double>(extent));
  const auto rounded = round(static_cast<float>(scale) * static_cast<float>(extent));
  require(exact == static_cast<double>(rounded) && exact >= 1 && exact <= kMostOrdered, scale,
          " times ", extent, " rows or columns: expected from 1 to ", kMostOrdered,
          ", and a scale at which all implementations agree, got ", exact, " or ", rounded);
  return static_cast<std::int64_t>(exact);
}

/// The axes of an image [N,C,H,W] that the scales or sizes are of.
std::vector<std::size_t> resized_axes(const OnnxNode& node) {
  const auto given = node.integers("axes").value_or(std::vector<std::int64_t>{0, 1, 2, 3});
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : given) {
    axes.push_back(axis_at(axis, 4));
    require(std::ranges::count(axes, axes.back()) == 1, "axes ", dims_text(given),
            ": one is named twice");
  }
  return axes;
}

/// By the input `scales`.
void stretch_by_scales(const Constant& scales, const std::vector<std::size_t>& axes,
                       std::array<Stretch, 4>& stretches) {
  require(scales.type == ElementType::f32 && scales.floats.size() == axes.size(),
          "scales: expected ", axes.size(), " numbers of float32");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Stretch& s = stretches[axes[i]];
    s.numerator = scales.floats[i];
    require(axes[i] >= 2 || s.numerator == 1,
            "scales: expected 1 for the batch and the channels, got ", s.numerator);
    require(std::isfinite(s.numerator) && s.numerator > 0,
            "scales: expected positive numbers, got ", s.numerator);
    if (axes[i] < 2) continue;
    s.out = scaled_extent(s.numerator, s.in, [](auto v) { return std::floor(v); });
  }
}

/// By the input `sizes`.
void stretch_to_sizes(const Reading& reading, const OnnxNode& node, const Constant& constant,
                      const std::vector<std::size_t>& axes, std::array<Stretch, 4>& stretches) {
  const auto& sizes = integers_of(constant, "sizes");
  require(sizes.size() == axes.size(), "sizes: expected ", axes.size(), " numbers, got ",
          dims_text(sizes));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Stretch& s = stretches[axes[i]];
    if (axes[i] == 0) {
      require(reading.is_batch(sizes[i]), "sizes ", dims_text(sizes), ": expected the batch first");
      continue;
    }
    require(sizes[i] >= 1 && sizes[i] <= kMostOrdered && (axes[i] != 1 || sizes[i] == s.in),
            "sizes ", dims_text(sizes), ": expected the channels as they are, and from 1 to ",
            kMostOrdered, " rows and columns");
    s.out = sizes[i];
    s.numerator = static_cast<double>(s.out);
    s.denominator = static_cast<double>(s.in);
  }
  constexpr std::array<std::string_view, 3> kPolicies{"not_larger", "not_smaller", "stretch"};
  const std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
  require_choice("keep_aspect_ratio_policy", policy, kPolicies);
  if (policy == "stretch") return;
  require(axes.size() == 2 && std::ranges::min(axes) == 2, "keep_aspect_ratio_policy ", policy,
          ": expected axes [2,3], those of the pixels");
  Stretch &h = stretches[2], &w = stretches[3];
  const bool by_h =
      (h.numerator * w.denominator < w.numerator * h.denominator) == (policy == "not_larger");
  const Stretch chosen = by_h ? h : w;
  for (Stretch* const s : {&h, &w}) {
    s->numerator = chosen.numerator;
    s->denominator = chosen.denominator;
    s->out = scaled_extent(chosen.numerator / chosen.denominator, s->in,
                           [](auto v) { return std::floor(v + decltype(v)(0.5)); });
  }
}

View add_resize(Reading& reading, const OnnxNode& node, const View& x,
                const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& columns) {
  const std::vector<std::int64_t> once{1};
  if (rows == once && columns == once) return x;
  return reading.add(node, "ResizeNearest", {{"rows", rows}, {"columns", columns}}, x);
}

void resize(Reading& reading, const OnnxNode& node) {
  const View& x = node.image(0);
  const NearestRule rule = nearest_rule(node);
  const std::vector<std::size_t> axes = resized_axes(node);
  std::array<Stretch, 4> stretches;
  for (std::size_t i = 1; i < 4; ++i) stretches[i].in = stretches[i].out = x.dims()[i - 1];
  const Constant* const scales = node.constant_if_given(2, "scales");
  const Constant* const sizes = node.constant_if_given(3, "sizes");
  const bool by_scales = scales && elements(*scales) > 0;
  require(by_scales != (sizes != nullptr), "expected scales or sizes, and not both");
  if (by_scales) {
    stretch_by_scales(*scales, axes, stretches);
  } else {
    stretch_to_sizes(reading, node, *sizes, axes, stretches);
  }
  for (const Stretch& s : {stretches[2], stretches[3]}) {
    const bool whole =
        s.numerator * static_cast<double>(s.in) == s.denominator * static_cast<double>(s.out);
    require(rule.coordinates != "align_corners" || whole, "coordinate_transformation_mode ",
            "align_corners: expected scales that make whole rows and columns, got ", s.numerator,
            " times ", s.in);
  }
  reading.set(node.output(0), add_resize(reading, node, x, repeats_of(reading, rule, stretches[2]),
                                         repeats_of(reading, rule, stretches[3])));
}

/// Rows or columns of images by ascending numbers.
void gather(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  const Constant& indices = node.constant(1, "indices");
  const Dims dims = x.dims();
  const std::size_t axis = axis_at(node.integer("axis", 0), dims.size() + 1);
  require(x.is_image() && axis >= 2, "along axis ", axis, " of ", dims_text(dims),
          " behind the batch: expected rows or columns of images [N,C,H,W]");
  require(!indices.is_float() && indices.dims.size() == 1 && !indices.integers.empty(),
          "indices: expected a list of whole numbers");
  const std::int64_t extent = dims[axis - 1];
  reading.charge_order(static_cast<std::size_t>(extent) + indices.integers.size());
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(extent), 0);
  std::int64_t last = 0;
  for (const std::int64_t index : indices.integers) {
    require(index >= -extent && index < extent, "index ", index, " is outside ", dims_text(dims));
    const std::int64_t row = index < 0 ? index + extent : index;
    require(row >= last, "indices: expected them to ascend, got ", row, " behind ", last);
    ++repeats[static_cast<std::size_t>(row)];
    last = row;
  }
  repeats = shortened(std::move(repeats));
  reading.set(node.output(0), axis == 2 ? add_resize(reading, node, x, repeats, {1})
                                        : add_resize(reading, node, x, {1}, repeats));
}

}  // namespace

std::vector<Operator> resize_operators() {
  return {
      {"Gather", {"axis"}, gather},
      {"Resize",
       {"antialias", "axes", "coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside",
        "extrapolation_value", "keep_aspect_ratio_policy", "mode", "nearest_mode"},
       resize}};
}

}  // namespace joule::exchange
