// SPDX-License-Identifier: MIT
//
// Norms, and what works value by value.
#include <algorithm>
#include <cmath>
#include <limits>

#include "joule/core/error.h"
#include "joule/exchange/onnx/read/reading.h"

namespace joule::exchange {
namespace {

template <const char* kKind>
void plain(Reading& reading, const OnnxNode& node) {
  reading.set(node.output(0), reading.add(node, kKind, {}, node.view(0)));
}
constexpr char kErf[] = "Erf", kGELU[] = "GELU", kHardSwish[] = "HardSwish", kReLU[] = "ReLU",
               kSigmoid[] = "Sigmoid", kTanh[] = "Tanh";

void leaky_relu(Reading& reading, const OnnxNode& node) {
  const double slope = nn::decimal(node.number("alpha", 0.01f));
  reading.set(node.output(0), reading.add(node, "LeakyReLU", {{"slope", slope}}, node.view(0)));
}

void elu(Reading& reading, const OnnxNode& node) {
  const double alpha = nn::decimal(node.number("alpha", 1));
  reading.set(node.output(0), reading.add(node, "ELU", {{"alpha", alpha}}, node.view(0)));
}

void prelu(Reading& reading, const OnnxNode& node) {
  const double slope = nn::decimal(scalar_of(node.constant(1, "slope"), "slope"));
  reading.set(node.output(0), reading.add(node, "LeakyReLU", {{"slope", slope}}, node.view(0)));
}

void thresholded_relu(Reading& reading, const OnnxNode& node) {
  const double threshold = nn::decimal(node.number("alpha", 1));
  reading.set(node.output(0), reading.add(node, "ReLU", {{"threshold", threshold}}, node.view(0)));
}

void clip(Reading& reading, const OnnxNode& node) {
  const Constant *const low = node.constant_if_given(1, "min"), *const high =
                                                                    node.constant_if_given(2,
                                                                                           "max");
  constexpr float kMost = std::numeric_limits<float>::max();
  const float min = low ? scalar_of(*low, "min") : -kMost;
  const float max = high ? scalar_of(*high, "max") : kMost;
  const View& x = node.view(0);
  nn::Attributes attributes;
  if (min > -kMost) attributes.set("min", nn::decimal(min));
  if (max < kMost) attributes.set("max", nn::decimal(max));
  if (attributes.values().empty()) return reading.set(node.output(0), x);
  const bool relu = min == 0 && max >= kMost;
  reading.set(node.output(0),
              relu ? reading.add(node, "ReLU", {}, x) : reading.add(node, "Clip", attributes, x));
}

void gelu(Reading& reading, const OnnxNode& node) {
  const std::string rule = node.text("approximate", "none");
  require(rule == "none", "approximate: expected none, got ", rule);
  plain<kGELU>(reading, node);
}

void softmax(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  const Dims dims = x.dims();
  const bool flattens = node.opset() < 13;  // everything from the axis on
  const std::size_t axis = axis_at(node.integer("axis", flattens ? 1 : -1), dims.size() + 1);
  require(axis > 0 && x.channel_axis() == axis - 1, "axis ", axis, " of ", dims_text(dims),
          " behind the batch: expected the channels");
  for (std::size_t i = axis; flattens && i < dims.size(); ++i) {
    require(dims[i] == 1, "over ", dims_text(dims), ": expected the channels alone");
  }
  reading.set(node.output(0), reading.add(node, "Softmax", {}, x));
}

/// What only trains: in evaluation it puts out what it reads.
void dropout(Reading& reading, const OnnxNode& node) {
  const Constant* const training = node.constant_if_given(2, "training_mode");
  require(!training || training->integers == std::vector<std::int64_t>{0},
          "training_mode: expected false");
  float ratio = node.number("ratio", 0.5f);
  if (const Constant* const given = node.constant_if_given(1, "ratio")) {
    ratio = scalar_of(*given, "ratio");
  }
  reading.set(node.output(0),
              reading.add(node, "Dropout", {{"probability", nn::decimal(ratio)}}, node.view(0)));
}

void require_channels_at_one(const View& x) {
  require(x.channel_axis() == std::size_t{0}, "of ", dims_text(x.dims()),
          " behind the batch: expected the channels at axis 1");
}

/// A parameter per channel, [C].
std::vector<float> parameter(const OnnxNode& node, std::size_t input, const char* what,
                             const View& x) {
  const Constant& values = node.constant(input, what);
  require(values.dims == Dims{x.shape[-1]}, what, ": expected [", x.shape[-1], "], got ",
          dims_text(values.dims));
  View channels = x;
  channels.axes = {{x.shape.rank() - 1}};
  return per_channel(values, channels, what);
}

double epsilon_of(const OnnxNode& node) { return nn::decimal(node.number("epsilon", 1e-5f)); }

void batch_normalization(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  require(node.integer("training_mode", 0) == 0, "training_mode: expected 0");
  require_channels_at_one(x);
  const float kept = node.number("momentum", 0.9f);  // of the running statistics; PyTorch's 1 - m
  const View y = reading.add(node, "BatchNorm",
                             {{"channels", x.shape[-1]},
                              {"epsilon", epsilon_of(node)},
                              {"momentum", nn::decimal(static_cast<float>(1 - nn::decimal(kept)))}},
                             x, node.input_name(1));
  reading.set_weight(y, "weight", parameter(node, 1, "scale", x));
  reading.set_weight(y, "bias", parameter(node, 2, "B", x));
  reading.set_weight(y, "running_mean", parameter(node, 3, "input_mean", x));
  reading.set_weight(y, "running_var", parameter(node, 4, "input_var", x));
  reading.set(node.output(0), y);
}

void layer_normalization(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  const std::size_t rank = x.dims().size() + 1, axis = axis_at(node.integer("axis", -1), rank);
  require(node.integer("stash_type", 1) == 1, "stash_type: expected 1");
  require(axis == rank - 1 && x.channel_axis() == axis - 1, "axis ", axis, " of ",
          dims_text(x.dims()), " behind the batch: expected the channels, and these last");
  const View y =
      reading.add(node, "LayerNorm", {{"channels", x.shape[-1]}, {"epsilon", epsilon_of(node)}}, x,
                  node.input_name(1));
  const std::vector<float> scale = parameter(node, 1, "Scale", x);
  reading.set_weight(y, "weight", scale);
  reading.set_weight(
      y, "bias",
      node.has_input(2) ? parameter(node, 2, "B", x) : std::vector<float>(scale.size(), 0));
  reading.set(node.output(0), y);
}

/// Each value `times` times.
std::vector<float> each_repeated(const Constant& constant, std::int64_t expected,
                                 std::int64_t times, const char* what) {
  require(constant.type == ElementType::f32 && constant.dims == Dims{expected}, what,
          ": expected float32 [", expected, "], got ", dims_text(constant.dims));
  std::vector<float> values;
  for (const float v : constant.floats) {
    values.insert(values.end(), static_cast<std::size_t>(times), v);
  }
  return values;
}

void set_group_norm(Reading& reading, const OnnxNode& node, View x, std::int64_t groups,
                    std::int64_t parameters) {
  const std::int64_t channels = x.shape[-1];
  require(groups >= 1 && channels % groups == 0, "num_groups: ", groups, " groups of ", channels,
          " channels");
  const std::int64_t reshaped_to = x.groups;
  x.groups = 0;
  View y = reading.add(node, "GroupNorm",
                       {{"groups", groups}, {"channels", channels}, {"epsilon", epsilon_of(node)}},
                       x, node.input_name(1));
  const std::int64_t times = channels / parameters;
  reading.set_weight(y, "weight",
                     each_repeated(node.constant(1, "scale"), parameters, times, "scale"));
  reading.set_weight(y, "bias", each_repeated(node.constant(2, "B"), parameters, times, "B"));
  y.groups = reshaped_to;
  reading.set(node.output(0), y);
}

void instance_normalization(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  if (x.groups > 0) return set_group_norm(reading, node, x, x.groups, x.groups);
  require(x.shape.rank() == 3 && x.channel_axis() == std::size_t{0},
          "expected images [N,C,H,W], got ", dims_text(x.dims()), " behind the batch");
  set_group_norm(reading, node, x, x.shape[2], x.shape[2]);
}

void group_normalization(Reading& reading, const OnnxNode& node) {
  const View& x = node.image(0);
  require(node.integer("stash_type", 1) == 1, "stash_type: expected 1");
  const std::int64_t groups = node.integer("num_groups", 0);
  set_group_norm(reading, node, x, groups, node.opset() < 21 ? groups : x.shape[2]);
}

bool is_all(Reading& reading, const nn::Node& layer, const char* weight, float value) {
  const Tensor values = reading.weights().tensors.at(layer.name + weight);
  return std::ranges::all_of(values.values<float>(), [&](float v) { return v == value; });
}

/// Scales the channels in the norm that puts x out, where that does not yet.
bool scale_in_layer(Reading& reading, const std::string& name, const View& x,
                    const std::vector<float>& scale) {
  const nn::Node* const layer = reading.only_read_layer(name, x);
  if (!layer || (layer->kind != "GroupNorm" && layer->kind != "LayerNorm")) return false;
  if (!is_all(reading, *layer, ".weight", 1) || !is_all(reading, *layer, ".bias", 0)) return false;
  reading.set_weight(x, "weight", scale);
  return true;
}

/// Adds `offset` to the channels in the layer that puts x out, where that has room for it.
bool add_to_layer(Reading& reading, const std::string& name, const View& x,
                  const std::vector<float>& offset) {
  nn::Node* const layer = reading.only_read_layer(name, x);
  if (!layer) return false;
  if (layer->kind == "Linear" || layer->kind == "Conv2d" || layer->kind == "ConvTranspose2d") {
    if (layer->attributes.flag("bias")) return false;
    layer->attributes.set("bias", true);
  } else if (layer->kind.ends_with("Norm")) {
    if (!is_all(reading, *layer, ".bias", 0)) return false;
  } else {
    return false;
  }
  reading.set_weight(x, "bias", offset);
  return true;
}

/// y = scale x + offset with a constant on one side of the operator.
void affine(Reading& reading, const OnnxNode& node) {
  const bool constant_first = node.is_constant(0);
  const std::size_t at = constant_first ? 1 : 0;
  const View& x = node.view(at);
  const std::string& op = node.op();
  std::vector<float> c = per_channel(node.constant(1 - at, "constant"), x, "its constant");
  std::vector<float> scale(c.size(), 1), offset(c.size(), 0);
  const bool adds = op == "Add" || op == "Sub";
  if (adds) {
    if (op == "Sub" && constant_first) std::ranges::fill(scale, -1.0f);
    if (op == "Sub" && !constant_first) std::ranges::transform(c, c.begin(), std::negate<>());
    if (!(op == "Sub" && constant_first) && add_to_layer(reading, node.input_name(at), x, c)) {
      return reading.set(node.output(0), x);
    }
    offset = c;
  } else {
    require(op == "Mul" || !constant_first, "a constant divided by what is computed");
    if (op == "Mul" && scale_in_layer(reading, node.input_name(at), x, c)) {
      return reading.set(node.output(0), x);
    }
    scale = c;
    if (op == "Div") std::ranges::transform(c, scale.begin(), [](float v) { return 1 / v; });
  }
  require(std::ranges::all_of(scale, [](float v) { return std::isfinite(v); }),
          "its constant makes factors that are not finite");
  reading.set(node.output(0), add_affine(reading, node, x, scale, offset));
}

/// Add, Sub, Mul, Div.
void binary(Reading& reading, const OnnxNode& node) {
  if (node.is_constant(0) || node.is_constant(1)) return affine(reading, node);
  View a = node.view(0), b = node.view(1);
  if (node.op() == "Mul" && a.shape.rank() == 1 && b.is_image()) std::swap(a, b);
  const bool one_pixel = node.op() != "Add" && a.is_image() && b.is_features() && !b.order &&
                         b.dims() == Dims{a.shape[2], 1, 1};
  const bool fits = are_alike(a, b) || one_pixel;
  require(fits, "of ", dims_text(a.dims()), " and ", dims_text(b.dims()), " behind the batch",
          a.dims() == b.dims() ? ", whose values lie in another order" : "",
          ": expected two values of one shape",
          node.op() == "Add" ? "" : ", or one of [C,H,W] and one of [C,1,1]");
  const std::vector<View> xs{a, b};
  reading.set(node.output(0), reading.add(node, node.op(), {}, xs));
}

void sum(Reading& reading, const OnnxNode& node) {
  std::vector<View> xs;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    xs.push_back(node.view(i));
    require(are_alike(xs[0], xs[i]), "expected values of one shape, got ", dims_text(xs[0].dims()),
            " and ", dims_text(xs[i].dims()));
  }
  require(!xs.empty(), "it has no inputs");
  reading.set(node.output(0), xs.size() == 1 ? xs[0] : reading.add(node, "Add", {}, xs));
}

}  // namespace

std::vector<Operator> pointwise_operators() {
  return {{"Add", {}, binary},
          {"BatchNormalization", {"epsilon", "momentum", "training_mode"}, batch_normalization},
          {"Clip", {}, clip},
          {"Div", {}, binary},
          {"Dropout", {"ratio", "seed"}, dropout},
          {"Elu", {"alpha"}, elu},
          {"Erf", {}, plain<kErf>},
          {"Gelu", {"approximate"}, gelu},
          {"GroupNormalization", {"epsilon", "num_groups", "stash_type"}, group_normalization},
          {"HardSwish", {}, plain<kHardSwish>},
          {"InstanceNormalization", {"epsilon"}, instance_normalization},
          {"LayerNormalization", {"axis", "epsilon", "stash_type"}, layer_normalization},
          {"LeakyRelu", {"alpha"}, leaky_relu},
          {"Mul", {}, binary},
          {"PRelu", {}, prelu},
          {"Relu", {}, plain<kReLU>},
          {"Sigmoid", {}, plain<kSigmoid>},
          {"Softmax", {"axis"}, softmax},
          {"Sub", {}, binary},
          {"Sum", {}, sum},
          {"Tanh", {}, plain<kTanh>},
          {"ThresholdedRelu", {"alpha"}, thresholded_relu}};
}

}  // namespace joule::exchange
