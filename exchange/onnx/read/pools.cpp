// SPDX-License-Identifier: MIT
//
// Pools, and means over images.
#include <algorithm>
#include <optional>
#include <set>

#include "joule/core/error.h"
#include "joule/exchange/onnx/read/reading.h"
#include "joule/exchange/onnx/read/windows.h"
#include "joule/layers/graph/kinds.h"

namespace joule::exchange {
namespace {

void require_undilated(const Windows& w) {
  require(w.dilation.h == 1 && w.dilation.w == 1, "dilations: a pool of Joule's has none, got ",
          w.dilation);
}

/// Its output: floor((in + before + after - kernel) / stride) + 1, in ceil mode rounded up unless
/// the last window would begin behind the image and the padding before it.
std::int64_t pooled(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t before,
                    std::int64_t after, bool ceil_mode) {
  const std::int64_t left = in + before + after - kernel;
  require(left >= 0, "a window of ", kernel, " is larger than the padded image");
  std::int64_t out = left / stride + 1;
  if (ceil_mode && left % stride != 0 && out * stride < in + before) ++out;
  return out;
}

nn::Attributes pool_attributes(const Windows& w, Size2 padding, bool ceil_mode) {
  return {{"kernel", nn::list(w.kernel)},
          {"stride", nn::list(w.stride)},
          {"padding", nn::list(padding)},
          {"ceil_mode", ceil_mode}};
}

/// Whether padding that differs from side to side is that before the image on both sides, in ceil
/// mode: the windows that end behind the image are cut off there.
bool is_ceil_mode(const Windows& w, const View& x) {
  const auto same = [](std::int64_t in, std::int64_t kernel, std::int64_t stride,
                       std::int64_t before, std::int64_t after) {
    return before <= kernel / 2 && after >= before && in + 2 * before >= kernel &&
           pooled(in, kernel, stride, before, after, false) ==
               pooled(in, kernel, stride, before, before, true);
  };
  return same(x.shape[0], w.kernel.h, w.stride.h, w.before.h, w.after.h) &&
         same(x.shape[1], w.kernel.w, w.stride.w, w.before.w, w.after.w);
}

/// The larger padding on both sides, if what that adds is whole outputs before the image.
std::optional<Size2> common_padding(const Windows& w) {
  const Size2 more{std::max(w.before.h, w.after.h), std::max(w.before.w, w.after.w)};
  const bool fits = (more.h - w.before.h) % w.stride.h == 0 &&
                    (more.w - w.before.w) % w.stride.w == 0 && more.h <= w.kernel.h / 2 &&
                    more.w <= w.kernel.w / 2;
  return fits ? std::optional(more) : std::nullopt;
}

/// A pool whose padding does not count.
View pool(Reading& reading, const OnnxNode& node, const std::string& kind, const View& x,
          const Windows& w, bool ceil_mode) {
  const auto of = [&](Size2 padding, bool ceil) {
    nn::Attributes attributes = pool_attributes(w, padding, ceil);
    if (kind == "AvgPool2d") attributes.set("count_include_pad", false);
    return reading.add(node, kind, attributes, x);
  };
  if (w.symmetric()) return of(w.before, ceil_mode);
  require(!ceil_mode, "pads ", dims_text(w.padding()),
          " (above, below, left, right) in ceil mode: expected both sides alike");
  if (is_ceil_mode(w, x)) return of(w.before, true);
  const auto padding = common_padding(w);
  require(padding.has_value(), "pads ", dims_text(w.padding()),
          " (above, below, left, right): a pool of Joule's pads both sides alike");
  const View y = of(*padding, false);
  const auto cut = [](std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                      std::int64_t before, std::int64_t after, std::int64_t padding) {
    const std::int64_t first = (padding - before) / stride;
    const std::int64_t wanted = pooled(in, kernel, stride, before, after, false);
    return std::pair(-first, first + wanted - out);
  };
  const auto [above, below] =
      cut(x.shape[0], y.shape[0], w.kernel.h, w.stride.h, w.before.h, w.after.h, padding->h);
  const auto [left, right] =
      cut(x.shape[1], y.shape[1], w.kernel.w, w.stride.w, w.before.w, w.after.w, padding->w);
  return add_padding(reading, node, y, {above, below, left, right});
}

void max_pool(Reading& reading, const OnnxNode& node) {
  const View& x = node.image(0);
  const Windows w = windows_of(node, {x.shape[0], x.shape[1]});
  require_undilated(w);
  const bool ceil_mode = node.integer("ceil_mode", 0) != 0;
  reading.set(node.output(0), pool(reading, node, "MaxPool2d", x, w, ceil_mode));
}

void average_pool(Reading& reading, const OnnxNode& node) {
  View x = node.image(0);
  Windows w = windows_of(node, {x.shape[0], x.shape[1]});
  require_undilated(w);
  const bool ceil_mode = node.integer("ceil_mode", 0) != 0;
  if (node.integer("count_include_pad", 0) == 0) {
    return reading.set(node.output(0), pool(reading, node, "AvgPool2d", x, w, ceil_mode));
  }
  if (!w.symmetric()) {
    require(!ceil_mode, "pads ", dims_text(w.padding()),
            " (above, below, left, right) in ceil mode: expected both sides alike");
    x = add_padding(reading, node, x, w.padding());
    w.before = w.after = 0;
  }
  reading.set(node.output(0),
              reading.add(node, "AvgPool2d", pool_attributes(w, w.before, ceil_mode), x));
}

/// [N,C,H,W] -> [N,C,1,1], or [N,C].
View global_average(Reading& reading, const OnnxNode& node, const View& x, bool keeps_axes) {
  View y = reading.add(node, "GlobalAvgPool", {}, x);
  y.axes = {{0}};
  if (keeps_axes) y.axes.resize(3);
  return y;
}

void global_average_pool(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  if (x.is_features() && x.dims().size() == 3) return reading.set(node.output(0), x);
  reading.set(node.output(0), global_average(reading, node, node.image(0), true));
}

void global_max_pool(Reading& reading, const OnnxNode& node) {
  const View& x = node.image(0);
  const Windows w{.kernel = {x.shape[0], x.shape[1]}, .stride = {x.shape[0], x.shape[1]}};
  reading.set(node.output(0), reading.add(node, "MaxPool2d", pool_attributes(w, 0, false), x));
}

/// Over all pixels, whatever became of their axes.
void reduce_mean(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  const auto axes = node.attribute_or_input("axes", 1);
  require(axes && !axes->empty() && x.groups == 0 && x.shape.rank() != 2,
          "over all axes, the batch too: expected the pixels of images");
  std::set<std::size_t> gone;
  std::set<int> over;
  for (const std::int64_t axis : *axes) {
    const std::size_t at = axis_at(axis, x.axes.size() + 1);
    require(at > 0, "over the batch: expected the pixels of images");
    gone.insert(at - 1);
    for (const int made_of : x.axes[at - 1]) {
      if (x.shape[made_of] > 1) over.insert(made_of);
    }
  }
  const bool keeps = node.integer("keepdims", 1) != 0;
  View y = x;
  if (!over.empty() || x.shape.rank() == 3) {
    const bool channels = x.shape.rank() != 3 || over.contains(2);
    const bool all = (x.shape.rank() == 3) && (over.contains(0) || x.shape[0] == 1) &&
                     (over.contains(1) || x.shape[1] == 1);
    require(!channels && all, "over the axes ", dims_text(*axes), " of ", dims_text(x.dims()),
            " behind the batch: expected all pixels of images");
    y = global_average(reading, node, x, false);
  }
  std::vector<std::vector<int>> left;
  for (std::size_t i = 0; i < x.axes.size(); ++i) {
    const bool is_channels =
        std::ranges::find(x.axes[i], x.shape.rank() - 1) != x.axes[i].end() && !gone.contains(i);
    if (gone.contains(i) && !keeps) continue;
    left.push_back(is_channels ? std::vector<int>{0} : std::vector<int>{});
  }
  y.axes = left;
  reading.set(node.output(0), y);
}

}  // namespace

std::vector<Operator> pool_operators() {
  return {
      {"AveragePool",
       {"auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads",
        "strides"},
       average_pool},
      {"GlobalAveragePool", {}, global_average_pool},
      {"GlobalMaxPool", {}, global_max_pool},
      {"MaxPool",
       {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"},
       max_pool},
      {"ReduceMean", {"axes", "keepdims", "noop_with_empty_axes"}, reduce_mean}};
}

}  // namespace joule::exchange
