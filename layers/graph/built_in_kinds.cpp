// SPDX-License-Identifier: MIT
//
// Joule's own kinds of nodes.
#include <algorithm>
#include <array>
#include <optional>

#include "joule/core/error.h"
#include "joule/kernels/pool/pool_shape.h"
#include "joule/layers/activations.h"
#include "joule/layers/conv_transpose2d.h"
#include "joule/layers/graph/init_names.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/graph/merge.h"
#include "joule/layers/modules.h"
#include "joule/layers/norms.h"
#include "joule/layers/padding.h"

namespace joule::nn {
namespace {

using Shapes = std::span<const Shape>;
using Float = std::numeric_limits<float>;

Init init_of(const Attributes& a) {
  return std::ranges::find(kInits, a.text("init"), &std::pair<Init, const char*>::second)->first;
}

AttributeRule init_rule() {
  AttributeRule rule{.name = "init", .preset = init_name(Init::he_normal)};
  for (const auto& [init, name] : kInits) rule.choices.emplace_back(name);
  return rule;
}

AttributeRule count(const char* name) {
  return {
      .name = name, .preset = std::int64_t{1}, .required = true, .least = 1, .most = kMostOfWindow};
}

AttributeRule window(const char* name, double least, std::optional<Size2> preset = {}) {
  return {.name = name,
          .preset = list(preset.value_or(1)),
          .required = !preset,
          .least = least,
          .most = kMostOfWindow,
          .length = 2};
}

AttributeRule groups_rule() {
  return {.name = "groups", .preset = std::int64_t{1}, .least = 1, .most = kMostOfWindow};
}

AttributeRule epsilon_rule(float preset) {
  return {
      .name = "epsilon", .preset = decimal(preset), .least = Float::min(), .most = Float::max()};
}

AttributeRule flag(const char* name, bool preset) { return {.name = name, .preset = preset}; }

void require_rank(const Shape& x, int rank) {
  require(x.rank() == rank, "expected an input of ", rank - 1, " dimensions, got ", x.rank() - 1);
}

void require_channels(const char* what, std::int64_t expected, std::int64_t got) {
  require(expected == got, "expected ", expected, " ", what, ", got ", got);
}

Shape conv_shape(const Attributes& a, Shapes xs) {
  const Shape& x = xs[0];
  require_rank(x, 4);
  require_channels("channels", a.integer("in"), x[3]);
  const Size2 out = conv_output_size({x[1], x[2]}, a.size("kernel"), conv_params(a));
  return {x[0], out.h, out.w, a.integer("out")};
}

Shape conv_transpose_shape(const Attributes& a, Shapes xs) {
  const Shape& x = xs[0];
  require_rank(x, 4);
  require_channels("channels", a.integer("in"), x[3]);
  // Each such layer may make an image larger: a chain of them must not overflow.
  require(std::max(x[1], x[2]) <= kMostOfWindow, "expected an image of up to ", kMostOfWindow,
          " pixels a side, got ", x[1], "x", x[2]);
  const Size2 out = conv_transpose_output_size({x[1], x[2]}, a.size("kernel"), conv_params(a),
                                               a.size("output_padding"));
  return {x[0], out.h, out.w, a.integer("out")};
}

std::vector<WeightRule> with_bias(const Attributes& a, const Shape& weight) {
  std::vector<WeightRule> weights{{"weight", weight}};
  if (a.flag("bias")) weights.push_back({"bias", {a.integer("out")}});
  return weights;
}

/// [rows, kh, kw, columns / groups], where rows and columns are "in" or "out", and the bias.
std::vector<WeightRule> conv_weights(const Attributes& a, const char* rows, const char* columns) {
  const std::int64_t in = a.integer("in"), out = a.integer("out"), groups = a.integer("groups");
  require(in % groups == 0 && out % groups == 0, "groups=", groups, " must divide in=", in,
          " and out=", out);
  const Size2 kernel = a.size("kernel");
  return with_bias(a, {a.integer(rows), kernel.h, kernel.w, a.integer(columns) / groups});
}

/// Of a Conv2d or a ConvTranspose2d.
template <class Options>
Options conv_options(const Attributes& a) {
  const ConvParams p = conv_params(a);
  return {.in = a.integer("in"),
          .out = a.integer("out"),
          .kernel = a.size("kernel"),
          .stride = p.stride,
          .padding = p.padding,
          .dilation = p.dilation,
          .groups = p.groups,
          .bias = a.flag("bias"),
          .init = init_of(a)};
}

Kind conv2d_kind() {
  return {
      .name = "Conv2d",
      .attributes = {count("in"), count("out"), window("kernel", 1), window("stride", 1, Size2(1)),
                     window("padding", 0, Size2(0)), window("dilation", 1, Size2(1)), groups_rule(),
                     flag("bias", true), init_rule()},
      .make =
          [](const Attributes& a) {
            return std::make_shared<Conv2d>(conv_options<Conv2dOptions>(a));
          },
      .shape = conv_shape,
      .weights = [](const Attributes& a) { return conv_weights(a, "out", "in"); },
      .operations =
          [](const Attributes& a, const Shape& x, const Shape& y) {
            const Size2 kernel = a.size("kernel");
            return y.numel() * kernel.h * kernel.w * x[-1];
          },
      .zeros = ReadZeros::save};
}

Kind conv_transpose2d_kind() {
  return {.name = "ConvTranspose2d",
          .attributes = {count("in"), count("out"), window("kernel", 1),
                         window("stride", 1, Size2(1)), window("padding", 0, Size2(0)),
                         window("output_padding", 0, Size2(0)), window("dilation", 1, Size2(1)),
                         groups_rule(), flag("bias", true), init_rule()},
          .make =
              [](const Attributes& a) {
                auto options = conv_options<ConvTranspose2dOptions>(a);
                options.output_padding = a.size("output_padding");
                return std::make_shared<ConvTranspose2d>(options);
              },
          .shape = conv_transpose_shape,
          .weights = [](const Attributes& a) { return conv_weights(a, "in", "out"); },
          .zeros = ReadZeros::save};
}

Kind linear_kind() {
  return {.name = "Linear",
          .attributes = {count("in"), count("out"), flag("bias", true), init_rule()},
          .make =
              [](const Attributes& a) {
                return std::make_shared<Linear>(
                    a.integer("in"), a.integer("out"),
                    LinearOptions{.bias = a.flag("bias"), .init = init_of(a)});
              },
          .shape = [](const Attributes& a, Shapes xs) -> Shape {
            require_rank(xs[0], 2);
            require_channels("features", a.integer("in"), xs[0][1]);
            return {xs[0][0], a.integer("out")};
          },
          .weights =
              [](const Attributes& a) {
                return with_bias(a, {a.integer("out"), a.integer("in")});
              },
          .operations = [](const Attributes& a, const Shape& x,
                           const Shape&) { return a.integer("out") * x.numel(); },
          .zeros = ReadZeros::save};
}

Shape normalised(const Attributes& a, Shapes xs) {
  require(xs[0].rank() >= 2, "expected an input of channels, got none");
  require_channels("channels", a.integer("channels"), xs[0][-1]);
  return xs[0];
}

std::vector<WeightRule> gamma_and_beta(const Attributes& a) {
  const Shape shape{a.integer("channels")};
  return {{"weight", shape}, {"bias", shape}};
}

Kind batch_norm_kind() {
  constexpr BatchNormOptions kPresets;
  return {
      .name = "BatchNorm",
      .attributes =
          {count("channels"),
           epsilon_rule(kPresets.epsilon),
           {.name = "momentum", .preset = decimal(kPresets.momentum), .least = 0, .most = 1}},
      .make =
          [](const Attributes& a) {
            return std::make_shared<BatchNorm>(
                a.integer("channels"),
                BatchNormOptions{.epsilon = static_cast<float>(a.number("epsilon")),
                                 .momentum = static_cast<float>(a.number("momentum"))});
          },
      .shape = normalised,
      .weights =
          [](const Attributes& a) {
            std::vector<WeightRule> weights = gamma_and_beta(a);
            weights.push_back({"running_mean", weights[0].shape});
            weights.push_back({"running_var", weights[0].shape});
            return weights;
          },
      .operations = [](const Attributes&, const Shape& x, const Shape&) { return 4 * x.numel(); },
      .zeros = ReadZeros::lost};
}

Kind layer_norm_kind() {
  return {.name = "LayerNorm",
          .attributes = {count("channels"), epsilon_rule(kNormEpsilon)},
          .make =
              [](const Attributes& a) {
                return std::make_shared<LayerNorm>(a.integer("channels"),
                                                   static_cast<float>(a.number("epsilon")));
              },
          .shape = normalised,
          .weights = gamma_and_beta,
          .zeros = ReadZeros::lost};
}

Kind group_norm_kind() {
  return {.name = "GroupNorm",
          .attributes = {count("groups"), count("channels"), epsilon_rule(kNormEpsilon)},
          .make =
              [](const Attributes& a) {
                return std::make_shared<GroupNorm>(a.integer("groups"), a.integer("channels"),
                                                   static_cast<float>(a.number("epsilon")));
              },
          .shape = normalised,
          .weights =
              [](const Attributes& a) {
                const std::int64_t groups = a.integer("groups"), channels = a.integer("channels");
                require(channels % groups == 0, "groups=", groups,
                        " must divide channels=", channels);
                return gamma_and_beta(a);
              },
          .zeros = ReadZeros::lost};
}

/// Of a kind that has no weights.
std::vector<WeightRule> no_weights(const Attributes&) { return {}; }

std::int64_t of_window(const Attributes& a, const Shape&, const Shape& y) {
  return y.numel() * a.size("kernel").h * a.size("kernel").w;
}

Shape pooled(const Attributes& a, Shapes xs) {
  require_rank(xs[0], 4);
  return pool_shape("pool", xs[0], a.size("kernel"), a.size("stride"), a.size("padding"),
                    a.flag("ceil_mode"))
      .output();
}

Kind max_pool_kind() {
  return {.name = "MaxPool2d",
          .attributes = {window("kernel", 1), window("stride", 1), window("padding", 0, Size2(0)),
                         flag("ceil_mode", false)},
          .make =
              [](const Attributes& a) {
                return std::make_shared<MaxPool2d>(
                    a.size("kernel"), a.size("stride"), a.size("padding"),
                    MaxPoolOptions{.ceil_mode = a.flag("ceil_mode")});
              },
          .shape = pooled,
          .weights = no_weights,
          .operations = of_window,
          .zeros = ReadZeros::pass};
}

Kind avg_pool_kind() {
  return {.name = "AvgPool2d",
          .attributes = {window("kernel", 1), window("stride", 1), window("padding", 0, Size2(0)),
                         flag("ceil_mode", false), flag("count_include_pad", true)},
          .make =
              [](const Attributes& a) {
                return std::make_shared<AvgPool2d>(
                    a.size("kernel"), a.size("stride"), a.size("padding"),
                    AvgPoolOptions{.ceil_mode = a.flag("ceil_mode"),
                                   .count_include_pad = a.flag("count_include_pad")});
              },
          .shape = pooled,
          .weights = no_weights,
          .operations = of_window,
          .zeros = ReadZeros::pass};
}

template <class Layer>
std::shared_ptr<Module> plain(const Attributes&) {
  return std::make_shared<Layer>();
}

Shape unchanged(const Attributes&, Shapes xs) { return xs[0]; }

/// Of a layer without attributes or weights that keeps the shape.  The accelerator models say
/// nothing of it.
template <class Layer>
Kind activation_kind(const char* name, ReadZeros zeros) {
  return {.name = name,
          .make = plain<Layer>,
          .shape = unchanged,
          .weights = no_weights,
          .zeros = zeros};
}

/// Of an activation with one number, any finite float.
template <class Layer>
Kind activation_kind(const char* name, const char* attribute, float preset) {
  return {.name = name,
          .attributes = {{.name = attribute,
                          .preset = decimal(preset),
                          .least = Float::lowest(),
                          .most = Float::max()}},
          .make =
              [attribute](const Attributes& a) {
                return std::make_shared<Layer>(static_cast<float>(a.number(attribute)));
              },
          .shape = unchanged,
          .weights = no_weights,
          .zeros = ReadZeros::pass};
}

std::int64_t none(const Attributes&, const Shape&, const Shape&) { return 0; }

Kind global_avg_pool_kind() {
  return {.name = "GlobalAvgPool",
          .make = plain<GlobalAvgPool>,
          .shape = [](const Attributes&, Shapes xs) -> Shape {
            require_rank(xs[0], 4);
            return {xs[0][0], xs[0][3]};
          },
          .weights = no_weights,
          .operations = [](const Attributes&, const Shape& x, const Shape&) { return x.numel(); },
          .zeros = ReadZeros::pass};
}

Kind flatten_kind() {
  return {.name = "Flatten",
          .make = plain<Flatten>,
          .shape = [](const Attributes&, Shapes xs) -> Shape {
            return {xs[0][0], xs[0].numel() / xs[0][0]};
          },
          .weights = no_weights,
          .operations = none,
          .zeros = ReadZeros::pass};
}

Kind dropout_kind() {
  return {.name = "Dropout",
          .attributes =
              {{.name = "probability", .preset = 0.5, .required = true, .least = 0, .most = 1}},
          .make =
              [](const Attributes& a) {
                return std::make_shared<Dropout>(static_cast<float>(a.number("probability")));
              },
          .shape = unchanged,
          .weights = no_weights,
          .operations = none,
          .zeros = ReadZeros::pass};
}

Kind pad2d_kind() {
  return {.name = "Pad2d",
          .attributes = {{.name = "padding",  // above, below, to the left, to the right
                          .preset = std::vector<std::int64_t>{},
                          .required = true,
                          .least = -kMostOfWindow,
                          .most = kMostOfWindow,
                          .length = 4}},
          .make =
              [](const Attributes& a) {
                const auto& p = a.list("padding");
                return std::make_shared<Pad2d>(Size2(p[0], p[2]), Size2(p[1], p[3]));
              },
          .shape = [](const Attributes& a, Shapes xs) -> Shape {
            require_rank(xs[0], 4);
            const auto& p = a.list("padding");
            const std::int64_t h = xs[0][1], w = xs[0][2];
            require(h + std::min<std::int64_t>(p[0], 0) + std::min<std::int64_t>(p[1], 0) >= 1 &&
                        w + std::min<std::int64_t>(p[2], 0) + std::min<std::int64_t>(p[3], 0) >= 1,
                    "of an image of ", h, "x", w, " nothing would be left");
            require(std::max(h, w) <= kMostOfWindow, "expected an image of up to ", kMostOfWindow,
                    " pixels a side, got ", h, "x", w);
            return {xs[0][0], h + p[0] + p[1], w + p[2] + p[3], xs[0][3]};
          },
          .weights = no_weights,
          .operations = none,
          .zeros = ReadZeros::pass};
}

Kind relu_kind() {
  return {.name = "ReLU",
          .attributes = {{.name = "threshold", .preset = 0.0, .least = 0, .most = Float::max()}},
          .make =
              [](const Attributes& a) {
                return std::make_shared<ReLU>(static_cast<float>(a.number("threshold")));
              },
          .shape = unchanged,
          .weights = no_weights,
          .operations = none,
          .zeros = ReadZeros::pass};
}

AttributeRule repeats_rule(const char* name) {
  return {.name = name, .preset = Repeats{1}, .required = true, .least = 0, .most = kMostOfWindow};
}

Kind resize_nearest_kind() {
  return {.name = "ResizeNearest",
          .attributes = {repeats_rule("rows"), repeats_rule("columns")},
          .make =
              [](const Attributes& a) {
                return std::make_shared<ResizeNearest>(a.list("rows"), a.list("columns"));
              },
          .shape = [](const Attributes& a, Shapes xs) -> Shape {
            require_rank(xs[0], 4);
            return {xs[0][0], repeated("resize_nearest", "rows", xs[0][1], a.list("rows")),
                    repeated("resize_nearest", "columns", xs[0][2], a.list("columns")), xs[0][3]};
          },
          .weights = no_weights,
          .zeros = ReadZeros::pass};
}

Kind slice_kind() {
  return {.name = "Slice",
          .attributes =
              {{.name = "first", .preset = std::int64_t{0}, .least = 0, .most = kMostOfWindow},
               count("count")},
          .make =
              [](const Attributes& a) {
                return std::make_shared<Slice>(a.integer("first"), a.integer("count"));
              },
          .shape =
              [](const Attributes& a, Shapes xs) {
                const std::int64_t first = a.integer("first"), count = a.integer("count");
                require(first + count <= xs[0][-1], "expected at least ", first + count,
                        " channels, got ", xs[0][-1]);
                std::vector<std::int64_t> shape(xs[0].begin(), xs[0].end());
                shape.back() = count;
                return Shape(shape);
              },
          .weights = no_weights,
          .zeros = ReadZeros::pass};
}

}  // namespace

ConvParams conv_params(const Attributes& a) {
  return {.stride = a.size("stride"),
          .padding = a.size("padding"),
          .dilation = a.size("dilation"),
          .groups = a.integer("groups")};
}

std::vector<Kind> built_in_kinds() {
  std::vector<Kind> kinds{avg_pool_kind(),
                          batch_norm_kind(),
                          conv2d_kind(),
                          conv_transpose2d_kind(),
                          dropout_kind(),
                          activation_kind<ELU>("ELU", "alpha", ELU::kAlpha),
                          activation_kind<Erf>("Erf", ReadZeros::pass),
                          flatten_kind(),
                          activation_kind<GELU>("GELU", ReadZeros::pass),
                          global_avg_pool_kind(),
                          group_norm_kind(),
                          activation_kind<HardSwish>("HardSwish", ReadZeros::pass),
                          layer_norm_kind(),
                          activation_kind<LeakyReLU>("LeakyReLU", "slope", LeakyReLU::kSlope),
                          linear_kind(),
                          max_pool_kind(),
                          pad2d_kind(),
                          relu_kind(),
                          resize_nearest_kind(),
                          activation_kind<SiLU>("SiLU", ReadZeros::pass),
                          activation_kind<Sigmoid>("Sigmoid", ReadZeros::lost),
                          slice_kind(),
                          activation_kind<Softmax>("Softmax", ReadZeros::lost),
                          activation_kind<Tanh>("Tanh", ReadZeros::pass)};
  for (Kind& kind : merge_kinds()) kinds.push_back(std::move(kind));
  return kinds;
}

}  // namespace joule::nn
