// SPDX-License-Identifier: MIT
//
// What each kind of layer is in ONNX's operator set 17.
#include <algorithm>
#include <limits>
#include <map>
#include <numbers>
#include <string_view>

#include "joule/core/error.h"
#include "joule/exchange/onnx/write/writing.h"

namespace joule::exchange {
namespace {

using nn::Node;
using List = std::vector<std::int64_t>;

List both(Size2 size) { return {size.h, size.w}; }
List both_sides(Size2 padding) { return {padding.h, padding.w, padding.h, padding.w}; }
float real(const Node& layer, const char* name) {
  return static_cast<float>(layer.attributes.number(name));
}

/// The axis of the channels in ONNX.
std::int64_t channels_of(const Writing& to, const std::string& value) {
  return to.shape(value).rank() == 2 ? 2 : 1;
}

template <const char* kOp>
void write_plain(Writing& to, const Node& layer) {
  to.node(kOp, {layer.inputs[0]}, layer.name);
}
template <const char* kOp>
void write_pair(Writing& to, const Node& layer) {
  std::string second = layer.inputs[1];
  if (to.is_image(layer.inputs[0]) && !to.is_image(second)) {  // one number per channel
    const std::string axes = to.constant(layer.name + "/axes", List{2, 3});
    second = layer.name + "/pixel";
    to.node("Unsqueeze", {layer.inputs[1], axes}, second);
  }
  to.node(kOp, {layer.inputs[0], second}, layer.name);
}
constexpr char kDiv[] = "Div", kErfOp[] = "Erf", kHardSwishOp[] = "HardSwish", kMul[] = "Mul",
               kSigmoidOp[] = "Sigmoid", kSub[] = "Sub", kTanhOp[] = "Tanh";

void write_inputs(Writing& to, const char* op, const Node& layer, std::int64_t axis) {
  WrittenNode node = to.node_of_all(op, layer.inputs, layer.name);
  if (axis > 0) node.set("axis", axis);
}

void write_add(Writing& to, const Node& layer) {
  write_inputs(to, layer.inputs.size() == 2 ? "Add" : "Sum", layer, 0);
}

void write_concat(Writing& to, const Node& layer) {
  write_inputs(to, "Concat", layer, channels_of(to, layer.inputs[0]));
}

void write_conv(Writing& to, const Node& layer, const char* op) {
  const nn::Attributes& a = layer.attributes;
  std::vector<std::string> inputs{layer.inputs[0], to.weight(layer, "weight")};
  if (a.flag("bias")) inputs.push_back(to.weight(layer, "bias"));
  WrittenNode node = to.node_of_all(op, inputs, layer.name);
  node.set("kernel_shape", both(a.size("kernel")))
      .set("strides", both(a.size("stride")))
      .set("pads", both_sides(a.size("padding")))
      .set("dilations", both(a.size("dilation")))
      .set("group", a.integer("groups"));
  if (a.find("output_padding")) node.set("output_padding", both(a.size("output_padding")));
}

void write_conv2d(Writing& to, const Node& layer) { write_conv(to, layer, "Conv"); }
void write_conv_transpose2d(Writing& to, const Node& layer) {
  write_conv(to, layer, "ConvTranspose");
}

void write_linear(Writing& to, const Node& layer) {
  std::vector<std::string> inputs{layer.inputs[0], to.weight(layer, "weight")};
  if (layer.attributes.flag("bias")) inputs.push_back(to.weight(layer, "bias"));
  to.node_of_all("Gemm", inputs, layer.name).set("transB", std::int64_t{1});
}

void write_batch_norm(Writing& to, const Node& layer) {
  require(to.shape(layer.name).rank() != 2, "onnx: layer '", layer.name,
          "', BatchNorm: of rows of channels ", to.shape(layer.name),
          ": expected images or features");
  to.node("BatchNormalization",
          {layer.inputs[0], to.weight(layer, "weight"), to.weight(layer, "bias"),
           to.weight(layer, "running_mean"), to.weight(layer, "running_var")},
          layer.name)
      .set("epsilon", real(layer, "epsilon"))
      .set("momentum", static_cast<float>(1 - layer.attributes.number("momentum")));
}

/// Runs `write(input, output)` on an image with its channels last.
template <class Write>
void with_channels_last(Writing& to, const Node& layer, Write&& write) {
  if (!to.is_image(layer.inputs[0])) return write(layer.inputs[0], layer.name);
  const std::string last = layer.name + "/channels_last", done = layer.name + "/done";
  to.node("Transpose", {layer.inputs[0]}, last).set("perm", List{0, 2, 3, 1});
  write(last, done);
  to.node("Transpose", {done}, layer.name, layer.name + "/channels_first")
      .set("perm", List{0, 3, 1, 2});
}

void write_layer_norm(Writing& to, const Node& layer) {
  with_channels_last(to, layer, [&](const std::string& from, const std::string& output) {
    to.node("LayerNormalization", {from, to.weight(layer, "weight"), to.weight(layer, "bias")},
            output, layer.name)
        .set("axis", std::int64_t{-1})
        .set("epsilon", real(layer, "epsilon"));
  });
}

/// Set 17 has no GroupNormalization: each group as one channel of an InstanceNormalization.
void write_group_norm(Writing& to, const Node& layer) {
  const Shape& x = to.shape(layer.inputs[0]);
  require(x.rank() != 2, "onnx: layer '", layer.name, "', GroupNorm: of rows of channels ", x,
          ": expected images or features");
  const std::int64_t groups = layer.attributes.integer("groups");
  const std::string at = layer.name + "/";
  const List per_group{groups};
  const std::vector<float> ones(static_cast<std::size_t>(groups), 1), zeros(ones.size(), 0);
  const List back = x.rank() == 3 ? List{0, x[2], x[0], x[1]} : List{0, x[0]};
  const List channels = x.rank() == 3 ? List{x[2], 1, 1} : List{x[0]};
  to.node("Reshape", {layer.inputs[0], to.constant(at + "groups", List{0, groups, -1})},
          at + "grouped");
  to.node("InstanceNormalization",
          {at + "grouped", to.constant(at + "ones", ones, per_group),
           to.constant(at + "zeros", zeros, per_group)},
          at + "normalised", layer.name)
      .set("epsilon", real(layer, "epsilon"));
  to.node("Reshape", {at + "normalised", to.constant(at + "shape", back)}, at + "image");
  to.node("Mul", {at + "image", to.weight(layer, "weight", channels)}, at + "scaled");
  to.node("Add", {at + "scaled", to.weight(layer, "bias", channels)}, layer.name, at + "Add");
}

void write_softmax(Writing& to, const Node& layer) {
  to.node("Softmax", {layer.inputs[0]}, layer.name).set("axis", channels_of(to, layer.inputs[0]));
}

void write_relu(Writing& to, const Node& layer) {
  const float threshold = real(layer, "threshold");
  if (threshold == 0) {
    to.node("Relu", {layer.inputs[0]}, layer.name);
  } else {
    to.node("ThresholdedRelu", {layer.inputs[0]}, layer.name).set("alpha", threshold);
  }
}

void write_leaky_relu(Writing& to, const Node& layer) {
  to.node("LeakyRelu", {layer.inputs[0]}, layer.name).set("alpha", real(layer, "slope"));
}

void write_elu(Writing& to, const Node& layer) {
  to.node("Elu", {layer.inputs[0]}, layer.name).set("alpha", real(layer, "alpha"));
}

void write_clip(Writing& to, const Node& layer) {
  const float low[] = {real(layer, "min")}, high[] = {real(layer, "max")};
  const std::string min = to.constant(layer.name + "/min", low, {});
  const std::string max = to.constant(layer.name + "/max", high, {});
  to.node("Clip", {layer.inputs[0], min, max}, layer.name);
}

/// Set 17 has no Gelu: x * (1 + erf(x / sqrt(2))) / 2.
void write_gelu(Writing& to, const Node& layer) {
  const std::string &x = layer.inputs[0], at = layer.name + "/";
  const float root[] = {std::numbers::sqrt2_v<float>}, one[] = {1}, half[] = {0.5f};
  to.node("Div", {x, to.constant(at + "root", root, {})}, at + "scaled");
  to.node("Erf", {at + "scaled"}, at + "erf");
  to.node("Add", {at + "erf", to.constant(at + "one", one, {})}, at + "sum");
  to.node("Mul", {x, at + "sum"}, at + "product");
  to.node("Mul", {at + "product", to.constant(at + "half", half, {})}, layer.name);
}

void write_silu(Writing& to, const Node& layer) {
  to.node("Sigmoid", {layer.inputs[0]}, layer.name + "/gate");
  to.node("Mul", {layer.inputs[0], layer.name + "/gate"}, layer.name);
}

void write_dropout(Writing& to, const Node& layer) {
  const float ratio[] = {real(layer, "probability")};
  to.node("Dropout", {layer.inputs[0], to.constant(layer.name + "/ratio", ratio, {})}, layer.name);
}

/// How much padding behind an image the windows of a ceil mode need: with it they fit.
std::int64_t after(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                   std::int64_t padding) {
  return std::max(padding, (out - 1) * stride + kernel - in - padding);
}

List pool_pads(const Writing& to, const Node& layer, Size2 before, Size2 more) {
  const nn::Attributes& a = layer.attributes;
  const Shape &x = to.shape(layer.inputs[0]), &y = to.shape(layer.name);
  const Size2 kernel = a.size("kernel"), stride = a.size("stride");
  return {before.h, before.w, after(x[0] + 2 * more.h, y[0], kernel.h, stride.h, before.h),
          after(x[1] + 2 * more.w, y[1], kernel.w, stride.w, before.w)};
}

void set_windows(WrittenNode& node, const Node& layer, const List& pads) {
  node.set("kernel_shape", both(layer.attributes.size("kernel")))
      .set("strides", both(layer.attributes.size("stride")))
      .set("pads", pads);
}

void write_max_pool(Writing& to, const Node& layer) {
  WrittenNode node = to.node("MaxPool", {layer.inputs[0]}, layer.name);
  set_windows(node, layer, pool_pads(to, layer, layer.attributes.size("padding"), 0));
}

void write_avg_pool(Writing& to, const Node& layer) {
  const Size2 padding = layer.attributes.size("padding");
  const bool counts = layer.attributes.flag("count_include_pad");
  List pads = pool_pads(to, layer, padding, 0);
  const bool over_the_end = pads != both_sides(padding);
  std::string x = layer.inputs[0];
  if (counts && over_the_end) {  // padding counts, what is behind it does not
    const List around{0, 0, padding.h, padding.w, 0, 0, padding.h, padding.w};
    to.node("Pad", {x, to.constant(layer.name + "/pads", around)}, layer.name + "/padded");
    x = layer.name + "/padded";
    pads = pool_pads(to, layer, 0, padding);
  }
  WrittenNode node = to.node("AveragePool", {x}, layer.name);
  set_windows(node, layer, pads);
  node.set("count_include_pad", std::int64_t{counts && !over_the_end});
}

void write_global_avg_pool(Writing& to, const Node& layer) {
  const std::string pooled = layer.name + "/pooled";
  to.node("GlobalAveragePool", {layer.inputs[0]}, pooled, layer.name);
  to.node("Flatten", {pooled}, layer.name, layer.name + "/flatten");
}

void write_flatten(Writing& to, const Node& layer) {
  const std::string& x = layer.inputs[0];
  const Shape& image = to.shape(x);
  const bool moves = image.rank() == 3 && image[2] > 1 && image.numel() > image[2];
  if (!moves || to.in_own_order(layer)) {
    to.node("Flatten", {x}, layer.name);
    return;
  }
  to.node("Transpose", {x}, layer.name + "/channels_last").set("perm", List{0, 2, 3, 1});
  to.node("Flatten", {layer.name + "/channels_last"}, layer.name);
}

void write_pad2d(Writing& to, const Node& layer) {
  const List& p = layer.attributes.list("padding");  // above, below, left, right
  const List pads{0, 0, p[0], p[2], 0, 0, p[1], p[3]};
  to.node("Pad", {layer.inputs[0], to.constant(layer.name + "/pads", pads)}, layer.name);
}

/// The rows of the result by their numbers in an image of `extent` rows.
List row_numbers(std::int64_t extent, const List& repeats) {
  List numbers;
  for (std::int64_t row = 0; row < extent; ++row) {
    const std::int64_t copies = repeats[repeats.size() == 1 ? 0 : static_cast<std::size_t>(row)];
    numbers.insert(numbers.end(), static_cast<std::size_t>(copies), row);
  }
  return numbers;
}

void write_resize_nearest(Writing& to, const Node& layer) {
  const List &rows = layer.attributes.list("rows"), &columns = layer.attributes.list("columns");
  const Shape& x = to.shape(layer.inputs[0]);
  const std::string at = layer.name + "/";
  if (rows.size() == 1 && columns.size() == 1) {
    const float scales[] = {1, 1, static_cast<float>(rows[0]), static_cast<float>(columns[0])};
    to.node("Resize", {layer.inputs[0], "", to.constant(at + "scales", scales, {4})}, layer.name)
        .set("mode", "nearest")
        .set("coordinate_transformation_mode", "asymmetric")
        .set("nearest_mode", "floor");
    return;
  }
  const std::string picked_rows = columns == List{1} ? layer.name : at + "rows";
  if (rows != List{1}) {
    const std::string numbers = to.constant(at + "row_numbers", row_numbers(x[0], rows));
    to.node("Gather", {layer.inputs[0], numbers}, picked_rows).set("axis", std::int64_t{2});
  }
  if (columns == List{1}) return;
  const std::string numbers = to.constant(at + "column_numbers", row_numbers(x[1], columns));
  to.node("Gather", {rows == List{1} ? layer.inputs[0] : picked_rows, numbers}, layer.name)
      .set("axis", std::int64_t{3});
}

void write_slice(Writing& to, const Node& layer) {
  const std::int64_t first = layer.attributes.integer("first"),
                     count = layer.attributes.integer("count");
  const std::string at = layer.name + "/";
  const std::string starts = to.constant(at + "starts", List{first}),
                    ends = to.constant(at + "ends", List{first + count}),
                    axes = to.constant(at + "axes", List{channels_of(to, layer.inputs[0])});
  to.node("Slice", {layer.inputs[0], starts, ends, axes}, layer.name);
}

}  // namespace

WriteKind write_kind(const nn::Node& layer) {
  static const std::map<std::string_view, WriteKind> kAll{
      {"Add", write_add},
      {"AvgPool2d", write_avg_pool},
      {"BatchNorm", write_batch_norm},
      {"Clip", write_clip},
      {"Concat", write_concat},
      {"Conv2d", write_conv2d},
      {"ConvTranspose2d", write_conv_transpose2d},
      {"Div", write_pair<kDiv>},
      {"Dropout", write_dropout},
      {"ELU", write_elu},
      {"Erf", write_plain<kErfOp>},
      {"Flatten", write_flatten},
      {"GELU", write_gelu},
      {"GlobalAvgPool", write_global_avg_pool},
      {"GroupNorm", write_group_norm},
      {"HardSwish", write_plain<kHardSwishOp>},
      {"LayerNorm", write_layer_norm},
      {"LeakyReLU", write_leaky_relu},
      {"Linear", write_linear},
      {"MaxPool2d", write_max_pool},
      {"Mul", write_pair<kMul>},
      {"Pad2d", write_pad2d},
      {"ReLU", write_relu},
      {"ResizeNearest", write_resize_nearest},
      {"SiLU", write_silu},
      {"Sigmoid", write_plain<kSigmoidOp>},
      {"Slice", write_slice},
      {"Softmax", write_softmax},
      {"Sub", write_pair<kSub>},
      {"Tanh", write_plain<kTanhOp>}};
  const auto found = kAll.find(layer.kind);
  require(found != kAll.end(), "onnx: layer '", layer.name, "': ONNX has no operators for kind ",
          layer.kind);
  return found->second;
}

}  // namespace joule::exchange
