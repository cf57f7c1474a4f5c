// SPDX-License-Identifier: MIT
//
// Convolutions and matrix products.
#include "joule/core/error.h"
#include "joule/exchange/onnx/read/reading.h"
#include "joule/exchange/onnx/read/windows.h"
#include "joule/io/layout.h"

namespace joule::exchange {
namespace {

/// Weights [a,b,kh,kw] of a convolution.
Tensor conv_weight(const OnnxNode& node) {
  const Constant& w = node.constant(1, "W");
  require(w.dims.size() == 4, "expected weights of two spatial dimensions, got ",
          dims_text(w.dims));
  require(elements(w) > 0, "its weights are empty, ", dims_text(w.dims));
  return tensor_of(w, "W");
}

/// Sets weight and bias, [out], of a layer that has both.
void set_weights(Reading& reading, const OnnxNode& node, const View& layer, const Tensor& weight,
                 std::int64_t out) {
  reading.set_weight(layer, "weight", weight);
  if (const Constant* const bias = node.constant_if_given(2, "B")) {
    require(bias->dims == Dims{out}, "B: expected [", out, "], got ", dims_text(bias->dims));
    reading.set_weight(layer, "bias", tensor_of(*bias, "B"));
  }
}

nn::Attributes conv_attributes(const Windows& w, std::int64_t in, std::int64_t out,
                               std::int64_t groups, bool bias) {
  return {{"in", in},
          {"out", out},
          {"kernel", nn::list(w.kernel)},
          {"stride", nn::list(w.stride)},
          {"dilation", nn::list(w.dilation)},
          {"groups", groups},
          {"bias", bias}};
}

/// A 1x1 convolution of one pixel, as behind a global pool: a linear layer.
void conv_of_features(Reading& reading, const OnnxNode& node, const View& x, const Tensor& weight) {
  const Windows w = windows_of(node, 1, Size2(weight.dim(2), weight.dim(3)));
  require(w.kernel.h == 1 && w.kernel.w == 1 && w.padding() == std::vector<std::int64_t>(4, 0) &&
              node.integer("group", 1) == 1,
          "of one pixel: expected a 1x1 kernel without padding and groups");
  require(!x.order, "of a flattened image: expected an image");
  const std::int64_t in = x.shape[0], out = weight.dim(0);
  require(weight.dim(1) == in, "W: expected ", in, " input channels, got ", weight.dim(1));
  View y = reading.add(node, "Linear", {{"in", in}, {"out", out}, {"bias", node.has_input(2)}}, x,
                       node.input_name(1));
  set_weights(reading, node, y, weight.reshape({out, in}), out);
  reading.set(node.output(0), y);
}

void conv(Reading& reading, const OnnxNode& node) {
  const Tensor weight = conv_weight(node);
  const View& given = node.view(0);
  if (given.is_features() && given.dims().size() == 3) {
    return conv_of_features(reading, node, given, weight);
  }
  View x = node.image(0);
  const Windows w = windows_of(node, {x.shape[0], x.shape[1]}, Size2(weight.dim(2), weight.dim(3)));
  const std::int64_t groups = node.integer("group", 1), in = x.shape[2], out = weight.dim(0);
  require(groups >= 1 && groups <= kMostOfWindow && in % groups == 0 && out % groups == 0 &&
              weight.dim(1) == in / groups,
          "W ", weight.shape(), " and group=", groups, " do not fit to ", in, " channels");
  nn::Attributes attributes = conv_attributes(w, in, out, groups, node.has_input(2));
  if (w.symmetric()) {
    attributes.set("padding", nn::list(w.before));
  } else {
    x = add_padding(reading, node, x, w.padding());
  }
  const View y = reading.add(node, "Conv2d", attributes, x, node.input_name(1));
  set_weights(reading, node, y, oihw_to_ohwi(weight), out);
  reading.set(node.output(0), y);
}

/// What is cut off a transposed convolution, so that it puts out its input times the strides.
void pad_to_strides(const OnnxNode& node, Windows& w, bool more_behind) {
  const Size2 added = size_of(node, "output_padding", 0, 0);
  const auto cut = [](std::int64_t kernel, std::int64_t dilation, std::int64_t stride,
                      std::int64_t added) { return added + (kernel - 1) * dilation + 1 - stride; };
  const Size2 all{cut(w.kernel.h, w.dilation.h, w.stride.h, added.h),
                  cut(w.kernel.w, w.dilation.w, w.stride.w, added.w)};
  require(all.h >= 0 && all.w >= 0, "auto_pad: kernels below the strides leave gaps");
  const Size2 less{all.h / 2, all.w / 2}, more{all.h - less.h, all.w - less.w};
  w.before = more_behind ? less : more;
  w.after = more_behind ? more : less;
}

void conv_transpose(Reading& reading, const OnnxNode& node) {
  const Tensor weight = conv_weight(node);
  const View& x = node.image(0);
  Windows w = windows_of(node, {x.shape[0], x.shape[1]}, Size2(weight.dim(2), weight.dim(3)));
  if (const std::string rule = node.text("auto_pad", "NOTSET"); rule.starts_with("SAME")) {
    pad_to_strides(node, w, rule == "SAME_UPPER");
  }
  const std::int64_t groups = node.integer("group", 1), in = x.shape[2];
  require(groups >= 1 && groups <= kMostOfWindow && in % groups == 0 && weight.dim(0) == in, "W ",
          weight.shape(), " and group=", groups, " do not fit to ", in, " channels");
  const std::int64_t out = weight.dim(1) * groups;
  nn::Attributes attributes = conv_attributes(w, in, out, groups, node.has_input(2));
  attributes.set("output_padding", nn::list(size_of(node, "output_padding", 0, 0)));
  if (w.symmetric()) attributes.set("padding", nn::list(w.before));
  View y = reading.add(node, "ConvTranspose2d", attributes, x, node.input_name(1));
  set_weights(reading, node, y, oihw_to_ohwi(weight), out);
  if (!w.symmetric()) {  // the padding of a transposed convolution is cut off its output
    y = add_padding(reading, node, y, {-w.before.h, -w.after.h, -w.before.w, -w.after.w});
  }
  reading.set(node.output(0), y);
}

/// [out,in] of B [in,out], or of its transpose; the columns in the order of the net's features,
/// each times `scale`.
Tensor linear_weight(const Constant& b, bool transposed, const View& x, float scale) {
  require(b.dims.size() == 2, "B: expected two dimensions, got ", dims_text(b.dims));
  const Tensor given = tensor_of(b, "B");
  const std::int64_t in = given.dim(transposed ? 1 : 0), out = given.dim(transposed ? 0 : 1);
  require(in == x.shape[0], "B ", given.shape(), ": expected ", x.shape[0], " values per row of A");
  const Tensor weight({out, in});
  const float* const from = given.data<float>();
  float* to = weight.mutable_data<float>();
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t i = 0; i < in; ++i) {
      const std::int64_t at = x.order ? (*x.order)[static_cast<std::size_t>(i)] : i;
      *to++ = scale * from[transposed ? o * in + at : at * out + o];
    }
  }
  return weight;
}

/// The features that a product reads: [N,F].
View rows(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  require(x.groups == 0 && x.dims().size() == 1, "expected features [N,F], got ",
          dims_text(x.dims()), " behind the batch");
  return reading.features(node, x);
}

View linear(Reading& reading, const OnnxNode& node, const View& x, const Tensor& weight,
            bool bias) {
  View y =
      reading.add(node, "Linear", {{"in", weight.dim(1)}, {"out", weight.dim(0)}, {"bias", bias}},
                  x, node.input_name(1));
  y.axes = {{0}};
  y.order = nullptr;
  reading.set_weight(y, "weight", weight);
  return y;
}

void gemm(Reading& reading, const OnnxNode& node) {
  require(node.integer("transA", 0) == 0, "transA: expected 0");
  const View x = rows(reading, node);
  const Tensor weight = linear_weight(node.constant(1, "B"), node.integer("transB", 0) != 0, x,
                                      node.number("alpha", 1));
  const Constant* const c = node.constant_if_given(2, "C");
  const View y = linear(reading, node, x, weight, c != nullptr);
  if (c) {
    std::vector<float> bias = per_channel(*c, y, "C");
    for (float& v : bias) v *= node.number("beta", 1);
    reading.set_weight(y, "bias", bias);
  }
  reading.set(node.output(0), y);
}

void matmul(Reading& reading, const OnnxNode& node) {
  const View x = rows(reading, node);
  const Tensor weight = linear_weight(node.constant(1, "B"), false, x, 1);
  reading.set(node.output(0), linear(reading, node, x, weight, false));
}

}  // namespace

std::vector<Operator> product_operators() {
  return {{"Conv", {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}, conv},
          {"ConvTranspose",
           {"auto_pad", "dilations", "group", "kernel_shape", "output_padding", "pads", "strides"},
           conv_transpose},
          {"Gemm", {"alpha", "beta", "transA", "transB"}, gemm},
          {"MatMul", {}, matmul}};
}

}  // namespace joule::exchange
