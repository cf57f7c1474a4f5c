// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/read/reading.h"

#include <algorithm>
#include <limits>

#include "joule/core/error.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/graph/shapes.h"

namespace joule::exchange {
namespace {

Shape with_one_image(const Shape& shape) {
  Dims dims{1};
  dims.insert(dims.end(), shape.begin(), shape.end());
  return Shape(dims);
}

/// A name that a layer may have: parts with dots between, as PyTorch's "/layer1/layer1.0/Conv".
std::string with_dots(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool dot = c == '.' || c == '/';
    if (dot && (name.empty() || name.back() == '.')) continue;
    name += dot ? '.' : byte < 0x21 || byte > 0x7e || c == '=' ? '_' : c;
  }
  while (name.ends_with('.')) name.pop_back();
  constexpr std::size_t kLongest = nn::kMostName - 16;  // a number may follow
  if (name.size() > kLongest) name.resize(kLongest);
  while (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

Reading::Reading(std::string path, std::int64_t most_weights)
    : path_(std::move(path)), weights_left_(most_weights) {}

std::string Reading::layer_name(const OnnxNode& node, const nn::Node& layer,
                                const std::string& weight) {
  constexpr std::string_view kWeight = ".weight";
  std::string name;
  if (weight.ends_with(kWeight)) {
    name = with_dots(std::string_view(weight).substr(0, weight.size() - kWeight.size()));
  }
  const bool weighted = !nn::weights_of(nn::kind_of(layer.kind), layer.attributes).empty();
  if (name.empty() || !is_free(name, weighted)) name = with_dots(node.name());
  if (name.empty() && node.outputs() > 0) name = with_dots(node.output(0));
  if (name.empty()) name = layer.kind;
  if (!is_free(name, weighted)) std::ranges::replace(name, '.', '_');
  std::string free = name;
  for (int i = 2; !is_free(free, weighted); ++i) free = name + "_" + std::to_string(i);
  names_.insert(free);
  if (weighted) weighted_.insert(free);
  return free;
}

bool Reading::is_free(const std::string& name, bool weighted) const {
  if (names_.contains(name)) return false;
  const auto below = names_.lower_bound(name + ".");
  if (weighted && below != names_.end() && below->starts_with(name + ".")) return false;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    if (weighted_.contains(name.substr(0, dot))) return false;
  }
  return true;
}

View Reading::add(const OnnxNode& node, const std::string& kind, const nn::Attributes& attributes,
                  std::span<const View> xs, const std::string& weight) {
  require(graph_.nodes.size() < nn::kMostNodes, "expected at most ", nn::kMostNodes, " layers");
  const nn::Kind& known = nn::kind_of(kind);
  nn::Node layer{.kind = kind, .attributes = nn::completed(known, attributes)};
  layer.name = layer_name(node, layer, weight);
  std::vector<Shape> shapes;
  for (const View& x : xs) {
    require(x.groups == 0, "of an image that was reshaped to groups of channels");
    layer.inputs.push_back(x.value);
    shapes.push_back(with_one_image(x.shape));
  }
  const Shape y = nn::output_shape(known, layer.attributes, shapes);
  View view = xs[0];
  view.value = layer.name;
  view.shape = Shape(std::span(y.begin() + 1, y.end()));
  places_[layer.name] = graph_.nodes.size();
  graph_.nodes.push_back(std::move(layer));
  return view;
}

void Reading::set_weight(const View& layer, const char* name, const Tensor& values) {
  weights_left_ -= values.numel();
  require(weights_left_ >= 0, "the net would have far more weights than the file has numbers");
  weights_.tensors[layer.value + "." + name] = values;
}

void Reading::set_weight(const View& layer, const char* name, std::span<const float> values) {
  set_weight(layer, name, Tensor::from(values, {std::ssize(values)}));
}

void Reading::set(const std::string& name, View view) {
  names_.insert(view.value);
  names_of_[view.value].push_back(name);
  values_[name] = {.view = std::move(view)};
}

void Reading::set(const std::string& name, ConstantPtr constant) {
  values_[name] = {.constant = std::move(constant)};
}

const OnnxValue* Reading::find(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

std::size_t Reading::readers(const std::string& name) const {
  const auto found = readers_.find(name);
  return found == readers_.end() ? 0 : found->second;
}

nn::Node* Reading::only_read_layer(const std::string& name, const View& view) {
  const auto place = places_.find(view.value);
  if (place == places_.end()) return nullptr;
  // What only relabels axes is no layer: its output is another name for the same value.
  const auto& names = names_of_.at(view.value);
  const bool chain = names.back() == name && std::ranges::all_of(names, [&](const auto& each) {
                       return readers(each) == 1;
                     });
  return chain ? &graph_.nodes[place->second] : nullptr;
}

void Reading::charge_order(std::size_t values) {
  orders_left_ -= static_cast<std::int64_t>(values);
  require(orders_left_ >= 0, "its images and flattened images are too large together");
}

std::shared_ptr<const std::vector<std::int64_t>> Reading::keep(std::vector<std::int64_t> order) {
  charge_order(order.size());
  return std::make_shared<const std::vector<std::int64_t>>(std::move(order));
}

View Reading::features(const OnnxNode& node, const View& x) {
  if (x.shape.rank() == 1) return x;
  std::vector<std::int64_t> order = order_of(x);
  View flat = add(node, "Flatten", {}, x);
  flat.axes = {{0}};
  if (!is_in_order(order)) flat.order = keep(std::move(order));
  return flat;
}

std::vector<float> per_channel(const Constant& constant, const View& x, const char* what) {
  require(constant.type == ElementType::f32, what, ": expected float32");
  const auto axis = x.channel_axis();
  const Dims dims = x.dims();
  const std::int64_t channels = x.shape[-1];
  std::vector<float> values;
  if (constant.floats.size() == 1) {
    require(channels <= kMostOrdered, "expected at most ", kMostOrdered, " channels");
    values.assign(static_cast<std::size_t>(channels), constant.floats[0]);
    return values;
  }
  bool fits =
      axis && constant.dims.size() <= dims.size() + 1 && std::ssize(constant.floats) == channels;
  for (std::size_t i = 0; fits && i < constant.dims.size(); ++i) {  // from behind
    const std::size_t at = constant.dims.size() - 1 - i;
    const bool is_channels = i < dims.size() && dims.size() - 1 - i == *axis;
    fits = constant.dims[at] == (is_channels ? channels : 1);
  }
  require(fits, what, " ", dims_text(constant.dims),
          ": expected one number, or one per channel of ", dims_text(dims));
  values.assign(constant.floats.begin(), constant.floats.end());
  for (std::size_t i = 0; x.order && i < values.size(); ++i) {
    values[i] = constant.floats[static_cast<std::size_t>((*x.order)[i])];
  }
  return values;
}

View add_affine(Reading& reading, const OnnxNode& node, const View& x, std::span<const float> scale,
                std::span<const float> offset) {
  const View y = reading.add(
      node, "BatchNorm",
      {{"channels", x.shape[-1]}, {"epsilon", nn::decimal(std::numeric_limits<float>::min())}}, x);
  reading.set_weight(y, "weight", scale);
  reading.set_weight(y, "bias", offset);
  reading.set_weight(y, "running_mean", std::vector<float>(scale.size(), 0));
  reading.set_weight(y, "running_var", std::vector<float>(scale.size(), 1));
  return y;
}

bool are_alike(const View& a, const View& b) {
  const bool same_order = a.order == b.order || (a.order && b.order && *a.order == *b.order);
  return a.shape == b.shape && same_order && a.groups == b.groups && a.dims() == b.dims() &&
         (a.axes == b.axes || (a.is_image() && b.is_image()) ||
          (a.is_features() && b.is_features()));
}

View add_padding(Reading& reading, const OnnxNode& node, const View& x,
                 const std::vector<std::int64_t>& padding) {
  return reading.add(node, "Pad2d", {{"padding", padding}}, x);
}

const std::map<std::string_view, Operator>& operators() {
  static const std::map<std::string_view, Operator> all = [] {
    std::map<std::string_view, Operator> table;
    for (const auto& some : {product_operators(), pool_operators(), pointwise_operators(),
                             shape_operators(), resize_operators()}) {
      for (const Operator& op : some) table[op.name] = op;
    }
    return table;
  }();
  return all;
}

}  // namespace joule::exchange
