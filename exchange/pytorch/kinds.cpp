// SPDX-License-Identifier: MIT
//
// What each kind of layer is in PyTorch.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "joule/core/error.h"
#include "joule/exchange/pytorch/module_text.h"

namespace joule::exchange {
namespace {

using nn::Node;

std::string pair(Size2 size) {
  return size.h == size.w ? str(size.h) : str("(", size.h, ", ", size.w, ")");
}
const char* flag(bool value) { return value ? "True" : "False"; }
/// The shortest decimal fraction that reads back as this double.
std::string number(const Node& layer, const char* name) {
  return fmt::format("{}", layer.attributes.number(name));
}
const std::string& x_of(const ModuleText& to, const Node& layer, std::size_t input = 0) {
  return to.variable(layer.inputs[input]);
}

std::string conv_arguments(const nn::Attributes& a) {
  return str(a.integer("in"), ", ", a.integer("out"), ", ", pair(a.size("kernel")),
             ", stride=", pair(a.size("stride")), ", padding=", pair(a.size("padding")),
             ", dilation=", pair(a.size("dilation")), ", groups=", a.integer("groups"),
             ", bias=", flag(a.flag("bias")));
}

std::string conv2d(ModuleText& to, const Node& layer) {
  return to.module(layer, str("nn.Conv2d(", conv_arguments(layer.attributes), ")"),
                   x_of(to, layer));
}

std::string conv_transpose2d(ModuleText& to, const Node& layer) {
  const nn::Attributes& a = layer.attributes;
  return to.module(layer,
                   str("nn.ConvTranspose2d(", conv_arguments(a),
                       ", output_padding=", pair(a.size("output_padding")), ")"),
                   x_of(to, layer));
}

std::string linear(ModuleText& to, const Node& layer) {
  const nn::Attributes& a = layer.attributes;
  return to.module(layer,
                   str("nn.Linear(", a.integer("in"), ", ", a.integer("out"),
                       ", bias=", flag(a.flag("bias")), ")"),
                   x_of(to, layer));
}

/// Batch and group norms take images or features alone.
void require_no_rows(const ModuleText& to, const Node& layer) {
  const Shape& x = to.shape(layer.inputs[0]);
  require(x.rank() != 2, "pytorch: layer '", layer.name, "', ", layer.kind,
          ": of rows of channels ", x, ": expected images or features");
}

std::string batch_norm(ModuleText& to, const Node& layer) {
  require_no_rows(to, layer);
  return to.module(layer,
                   str("nn.BatchNorm", to.is_image(layer.inputs[0]) ? 2 : 1, "d(",
                       layer.attributes.integer("channels"), ", eps=", number(layer, "epsilon"),
                       ", momentum=", number(layer, "momentum"), ")"),
                   x_of(to, layer));
}

std::string group_norm(ModuleText& to, const Node& layer) {
  require_no_rows(to, layer);
  const nn::Attributes& a = layer.attributes;
  return to.module(layer,
                   str("nn.GroupNorm(", a.integer("groups"), ", ", a.integer("channels"),
                       ", eps=", number(layer, "epsilon"), ")"),
                   x_of(to, layer));
}

std::string layer_norm(ModuleText& to, const Node& layer) {
  const bool image = to.is_image(layer.inputs[0]);
  const std::string call = to.module(layer,
                                     str("nn.LayerNorm(", layer.attributes.integer("channels"),
                                         ", eps=", number(layer, "epsilon"), ")"),
                                     str(x_of(to, layer), image ? ".permute(0, 2, 3, 1)" : ""));
  return call + (image ? ".permute(0, 3, 1, 2)" : "");
}

std::string relu(ModuleText& to, const Node& layer) {
  if (layer.attributes.number("threshold") == 0) return str("F.relu(", x_of(to, layer), ")");
  return str("F.threshold(", x_of(to, layer), ", ", number(layer, "threshold"), ", 0.0)");
}

std::string leaky_relu(ModuleText& to, const Node& layer) {
  return str("F.leaky_relu(", x_of(to, layer), ", ", number(layer, "slope"), ")");
}

std::string elu(ModuleText& to, const Node& layer) {
  return str("F.elu(", x_of(to, layer), ", ", number(layer, "alpha"), ")");
}

std::string clip(ModuleText& to, const Node& layer) {
  return str("torch.clamp(", x_of(to, layer), ", ", number(layer, "min"), ", ",
             number(layer, "max"), ")");
}

std::string dropout(ModuleText& to, const Node& layer) {
  return str("F.dropout(", x_of(to, layer), ", ", number(layer, "probability"), ", self.training)");
}

std::string softmax(ModuleText& to, const Node& layer) {
  return str("F.softmax(", x_of(to, layer), ", ", to.channels(layer.inputs[0]), ")");
}

template <const char* kFunction>
std::string plain(ModuleText& to, const Node& layer) {
  return str(kFunction, "(", x_of(to, layer), ")");
}
constexpr char kErfCall[] = "torch.erf", kGelu[] = "F.gelu", kHardSwishCall[] = "F.hardswish",
               kSigmoidCall[] = "torch.sigmoid", kSilu[] = "F.silu", kTanhCall[] = "torch.tanh";

template <const char* kOperator>
std::string binary(ModuleText& to, const Node& layer) {
  const bool per_channel = to.is_image(layer.inputs[0]) && !to.is_image(layer.inputs[1]);
  return str(x_of(to, layer), kOperator, x_of(to, layer, 1),
             per_channel ? "[:, :, None, None]" : "");
}
constexpr char kMinus[] = " - ", kTimes[] = " * ", kOver[] = " / ";

std::string joined(const ModuleText& to, const Node& layer, const char* between) {
  std::string all;
  for (const std::string& input : layer.inputs) {
    all += str(all.empty() ? "" : between, to.variable(input));
  }
  return all;
}

std::string add(ModuleText& to, const Node& layer) { return joined(to, layer, " + "); }

std::string concat(ModuleText& to, const Node& layer) {
  return str("torch.cat([", joined(to, layer, ", "), "], ", to.channels(layer.inputs[0]), ")");
}

std::string pool_arguments(const ModuleText& to, const Node& layer) {
  const nn::Attributes& a = layer.attributes;
  return str(x_of(to, layer), ", ", pair(a.size("kernel")), ", ", pair(a.size("stride")), ", ",
             pair(a.size("padding")), ", ceil_mode=", flag(a.flag("ceil_mode")));
}

std::string max_pool(ModuleText& to, const Node& layer) {
  return str("F.max_pool2d(", pool_arguments(to, layer), ")");
}

std::string avg_pool(ModuleText& to, const Node& layer) {
  return str("F.avg_pool2d(", pool_arguments(to, layer),
             ", count_include_pad=", flag(layer.attributes.flag("count_include_pad")), ")");
}

std::string global_avg_pool(ModuleText& to, const Node& layer) {
  return str(x_of(to, layer), ".mean((2, 3))");
}

std::string flatten(ModuleText& to, const Node& layer) {
  const Shape& image = to.shape(layer.inputs[0]);
  const bool moves = image.rank() == 3 && image[2] > 1 && image.numel() > image[2];
  return str(x_of(to, layer), moves && !to.in_own_order(layer.name) ? ".permute(0, 2, 3, 1)" : "",
             ".flatten(1)");
}

std::string pad2d(ModuleText& to, const Node& layer) {
  const auto& p = layer.attributes.list("padding");  // above, below, left, right
  return str("F.pad(", x_of(to, layer), ", (", p[2], ", ", p[3], ", ", p[0], ", ", p[1], "))");
}

/// Repeated rows or columns, along PyTorch's dimension 2 or 3.
std::string resized(const std::string& x, const std::vector<std::int64_t>& repeats, int dimension) {
  if (repeats == std::vector<std::int64_t>{1}) return x;
  if (repeats.size() == 1) return str(x, ".repeat_interleave(", repeats[0], ", ", dimension, ")");
  std::string rows;
  for (std::size_t row = 0; row < repeats.size(); ++row) {
    for (std::int64_t k = 0; k < repeats[row]; ++k) rows += str(rows.empty() ? "" : ", ", row);
  }
  return str(x, dimension == 2 ? "[:, :, [" : "[:, :, :, [", rows, "]]");
}

std::string resize_nearest(ModuleText& to, const Node& layer) {
  const nn::Attributes& a = layer.attributes;
  return resized(resized(x_of(to, layer), a.list("rows"), 2), a.list("columns"), 3);
}

std::string slice(ModuleText& to, const Node& layer) {
  const std::int64_t first = layer.attributes.integer("first");
  return str(x_of(to, layer), to.channels(layer.inputs[0]) == 2 ? "[:, :, " : "[:, ", first, ":",
             first + layer.attributes.integer("count"), "]");
}

}  // namespace

KindText kind_text(const nn::Node& layer) {
  static const std::map<std::string_view, KindText> kAll{{"Add", add},
                                                         {"AvgPool2d", avg_pool},
                                                         {"BatchNorm", batch_norm},
                                                         {"Clip", clip},
                                                         {"Concat", concat},
                                                         {"Conv2d", conv2d},
                                                         {"ConvTranspose2d", conv_transpose2d},
                                                         {"Div", binary<kOver>},
                                                         {"Dropout", dropout},
                                                         {"ELU", elu},
                                                         {"Erf", plain<kErfCall>},
                                                         {"Flatten", flatten},
                                                         {"GELU", plain<kGelu>},
                                                         {"GlobalAvgPool", global_avg_pool},
                                                         {"GroupNorm", group_norm},
                                                         {"HardSwish", plain<kHardSwishCall>},
                                                         {"LayerNorm", layer_norm},
                                                         {"LeakyReLU", leaky_relu},
                                                         {"Linear", linear},
                                                         {"MaxPool2d", max_pool},
                                                         {"Mul", binary<kTimes>},
                                                         {"Pad2d", pad2d},
                                                         {"ReLU", relu},
                                                         {"ResizeNearest", resize_nearest},
                                                         {"SiLU", plain<kSilu>},
                                                         {"Sigmoid", plain<kSigmoidCall>},
                                                         {"Slice", slice},
                                                         {"Softmax", softmax},
                                                         {"Sub", binary<kMinus>},
                                                         {"Tanh", plain<kTanhCall>}};
  const auto found = kAll.find(layer.kind);
  require(found != kAll.end(), "pytorch: layer '", layer.name, "': no module is written for kind ",
          layer.kind);
  return found->second;
}

}  // namespace joule::exchange
