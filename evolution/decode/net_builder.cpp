// SPDX-License-Identifier: MIT
#include "joule/evolution/decode/net_builder.h"

#include <algorithm>
#include <utility>

#include "joule/core/error.h"
#include "joule/layers/graph/shapes.h"

namespace joule::evolution {
namespace {

using List = std::vector<std::int64_t>;

Shape batched(const Shape& shape) {
  List extents{1};
  extents.insert(extents.end(), shape.begin(), shape.end());
  return Shape(extents);
}

/// What padding:same adds to an extent in all, so that its output is ceil(extent / stride).
std::int64_t same_padding(std::int64_t extent, std::int64_t kernel, std::int64_t stride) {
  const std::int64_t out = (extent + stride - 1) / stride;
  return std::max<std::int64_t>((out - 1) * stride + kernel - extent, 0);
}

bool is_same(const LayerWords& layer) { return layer.words.text(Word::padding) == "same"; }

void require_image(const Shape& x, const std::string& kind) {
  require(x.rank() == 3, kind, ": expected an image, got ", x.rank() == 1 ? "features" : "nothing");
}

}  // namespace

NetBuilder::NetBuilder(const Shape& image, const NetRules& rules)
    : rules_(rules), image_{"input", image} {
  graph_.name = "candidate";
  graph_.inputs = {{"input", image}};
}

NetBuilder::Value NetBuilder::apply(const std::string& name, const std::string& kind,
                                    const nn::Attributes& attributes,
                                    const std::vector<Value>& inputs) {
  std::vector<Shape> shapes;
  nn::Node node{.name = name, .kind = kind};
  for (const Value& input : inputs) {
    shapes.push_back(batched(input.shape));
    node.inputs.push_back(input.name);
  }
  const nn::Kind& known = nn::kind_of(kind);
  node.attributes = nn::completed(known, attributes);
  const Shape y = nn::output_shape(known, node.attributes, shapes);
  graph_.nodes.push_back(std::move(node));
  return {name, Shape(std::span(y.begin() + 1, y.end()))};
}

const NetBuilder::Value& NetBuilder::value(std::int64_t layer) const {
  return layer < 0 ? image_ : values_[static_cast<std::size_t>(layer)];
}

void NetBuilder::add(const LayerWords& words) {
  const std::string suffix = std::to_string(layers());
  const std::size_t nodes = graph_.nodes.size();
  try {
    values_.push_back(layer(words, suffix, merged(words, suffix)));
  } catch (const ArgumentError& error) {
    if (!rules_.skip_invalid_layers) {
      throw ArgumentError(str("layer ", layers(), ", ", words.kind, ": ", error.what()));
    }
    graph_.nodes.resize(nodes);
    Value before = value(layers() - 1);
    before.skipped = true;
    values_.push_back(before);
  }
}

void NetBuilder::add_head(const LayerWords& words, std::int64_t from, const std::string& scope) {
  LayerWords head = words;
  head.scope = scope;
  graph_.outputs.push_back(linear(head, "", value(from)).name);
}

void NetBuilder::end() { graph_.outputs.push_back(value(layers() - 1).name); }

NetBuilder::Value NetBuilder::layer(const LayerWords& layer, const std::string& suffix, Value x) {
  const std::string name = layer.scope + "." + layer.kind + suffix;
  if (layer.kind == "conv") return convolution(layer, suffix, std::move(x));
  if (layer.kind == "pool_max" || layer.kind == "pool_avg") return pooling(layer, suffix, x);
  if (layer.kind == "fc") {
    return activated(layer, suffix, linear(layer, suffix, std::move(x)));
  }
  if (layer.kind == "batch_norm") {
    return apply(name, "BatchNorm", {{"channels", x.shape[-1]}}, {x});
  }
  const double rate = std::min(layer.words.number(Word::rate), rules_.most_dropout);
  return apply(name, "Dropout", {{"probability", rate}}, {x});
}

NetBuilder::Value NetBuilder::merged(const LayerWords& layer, const std::string& suffix) {
  std::vector<Value> inputs;
  for (const std::int64_t input : layer.inputs) {
    if (!value(input).skipped || layer.inputs.size() == 1) inputs.push_back(value(input));
  }
  if (inputs.empty()) inputs.push_back(value(layers() - 1));
  if (inputs.size() == 1) return inputs[0];
  for (const Value& x : inputs) {
    require(x.shape.rank() == inputs[0].shape.rank(), "an image and features cannot be merged");
  }
  return rules_.merge == Merge::sum ? summed(std::move(inputs), layer.scope, suffix)
                                    : concatenated(std::move(inputs), layer.scope, suffix);
}

NetBuilder::Value NetBuilder::summed(std::vector<Value> inputs, const std::string& scope,
                                     const std::string& suffix) {
  // The one that comes first in the net: the image before all layers, and these by their number.
  const auto place = [&](const Value& x) {
    const auto at = std::ranges::find(values_, x.name, &Value::name);
    return x.name == image_.name ? -1 : at - values_.begin();
  };
  std::ranges::sort(inputs, std::less<>(), place);
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    inputs[i] = fitted(inputs[i], inputs[0].shape, str(scope, ".fit", suffix, "_", i));
  }
  return apply(scope + ".sum" + suffix, "Add", {}, inputs);
}

/// Of an image: padding p = max(ceil((target - extent) / 2), 0) and kernel extent + 2 p - target +
/// 1, so that the output has the target's extent.
NetBuilder::Value NetBuilder::fitted(const Value& x, const Shape& target, const std::string& name) {
  if (x.shape == target) return x;
  if (target.rank() == 1) {
    return apply(name, "Linear", {{"in", x.shape[0]}, {"out", target[0]}, {"bias", false}}, {x});
  }
  List kernel, padding;
  for (int d = 0; d < 2; ++d) {
    padding.push_back(std::max<std::int64_t>((target[d] - x.shape[d] + 1) / 2, 0));
    kernel.push_back(std::max<std::int64_t>(x.shape[d] + 2 * padding.back() - target[d] + 1, 1));
  }
  return apply(name, "Conv2d",
               {{"in", x.shape[2]},
                {"out", target[2]},
                {"kernel", kernel},
                {"padding", padding},
                {"bias", false}},
               {x});
}

NetBuilder::Value NetBuilder::concatenated(std::vector<Value> inputs, const std::string& scope,
                                           const std::string& suffix) {
  for (int d = 0; d + 1 < inputs[0].shape.rank(); ++d) {
    std::int64_t least = inputs[0].shape[d];
    for (const Value& x : inputs) least = std::min(least, x.shape[d]);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::int64_t extra = inputs[i].shape[d] - least;
      if (extra == 0) continue;
      List kernel{1, 1};
      kernel[static_cast<std::size_t>(d)] = extra + 1;
      inputs[i] = apply(str(scope, ".fit", suffix, "_", i, d == 0 ? "h" : "w"), "MaxPool2d",
                        {{"kernel", kernel}, {"stride", List{1, 1}}}, {inputs[i]});
    }
  }
  return apply(scope + ".concat" + suffix, "Concat", {}, inputs);
}

NetBuilder::Value NetBuilder::convolution(const LayerWords& layer, const std::string& suffix,
                                          Value x) {
  require_image(x.shape, "conv");
  const bool same = is_same(layer);
  const std::int64_t k = layer.words.integer(Word::kernel);
  const std::int64_t s = same && rules_.same_without_stride ? 1 : layer.words.integer(Word::stride);
  List padding{0, 0};
  if (same) {
    const std::int64_t h = same_padding(x.shape[0], k, s), w = same_padding(x.shape[1], k, s);
    if (h % 2 == 0 && w % 2 == 0) {
      padding = {h / 2, w / 2};
    } else {  // one more at the bottom and the right
      x = apply(layer.scope + ".pad" + suffix, "Pad2d",
                {{"padding", List{h / 2, h - h / 2, w / 2, w - w / 2}}}, {x});
    }
  }
  return activated(layer, suffix,
                   apply(layer.scope + ".conv" + suffix, "Conv2d",
                         {{"in", x.shape[2]},
                          {"out", layer.words.integer(Word::channels)},
                          {"kernel", List{k, k}},
                          {"stride", List{s, s}},
                          {"padding", padding},
                          {"bias", layer.words.flag(Word::bias)}},
                         {x}));
}

/// padding:same counts no zeros: neither as the largest value nor in the average.
NetBuilder::Value NetBuilder::pooling(const LayerWords& layer, const std::string& suffix,
                                      const Value& x) {
  require_image(x.shape, layer.kind);
  const bool same = is_same(layer);
  const std::int64_t k = layer.words.integer(Word::kernel), s = layer.words.integer(Word::stride);
  const bool crop = same && s == 1 && k % 2 == 0;  // padded on both sides it has one more
  List padding{0, 0};
  if (same) {
    padding = {same_padding(x.shape[0], k, s) / 2, same_padding(x.shape[1], k, s) / 2};
    if (crop) padding = {k / 2, k / 2};
  }
  nn::Attributes attributes{{"kernel", List{k, k}},
                            {"stride", List{s, s}},
                            {"padding", padding},
                            {"ceil_mode", same && s > 1}};
  const bool average = layer.kind == "pool_avg";
  if (average) attributes.set("count_include_pad", false);
  const Value y = apply(str(layer.scope, ".", layer.kind, suffix),
                        average ? "AvgPool2d" : "MaxPool2d", attributes, {x});
  if (!crop) return y;
  return apply(layer.scope + ".crop" + suffix, "Pad2d", {{"padding", List{-1, 0, -1, 0}}}, {y});
}

NetBuilder::Value NetBuilder::linear(const LayerWords& layer, const std::string& suffix, Value x) {
  if (x.shape.rank() > 1) x = apply(layer.scope + ".flatten" + suffix, "Flatten", {}, {x});
  return apply(layer.scope + ".fc" + suffix, "Linear",
               {{"in", x.shape[0]},
                {"out", layer.words.integer(Word::units)},
                {"bias", layer.words.flag(Word::bias)}},
               {x});
}

NetBuilder::Value NetBuilder::activated(const LayerWords& layer, const std::string& suffix,
                                        Value x) {
  const std::string& act = layer.words.text(Word::activation);
  const std::string name = str(layer.scope, ".", act, suffix);
  if (act == "relu") {
    const double threshold =
        layer.words.has(Word::threshold) ? layer.words.number(Word::threshold) : 0;
    return apply(name, "ReLU", {{"threshold", threshold}}, {x});
  }
  if (act == "sigmoid") return apply(name, "Sigmoid", {}, {x});
  return act == "softmax" ? apply(name, "Softmax", {}, {x}) : x;
}

}  // namespace joule::evolution
