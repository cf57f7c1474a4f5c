// SPDX-License-Identifier: MIT
//
// What moves, cuts and joins values.  Most of it only relabels axes: see View.
#include <algorithm>
#include <limits>

#include "joule/core/error.h"
#include "joule/exchange/onnx/read/reading.h"

namespace joule::exchange {
namespace {

void identity(Reading& reading, const OnnxNode& node) { reading.set(node.output(0), node.view(0)); }

void cast(Reading& reading, const OnnxNode& node) {
  require(node.integer("to", 0) == ::onnx::TensorProto::FLOAT,
          "of what the net computes: expected to float32");
  identity(reading, node);
}

/// The dimensions behind the batch that a Reshape asks for.
Dims target(const Reading& reading, const OnnxNode& node, const View& x) {
  Dims shape = integers_of(node.constant(1, "shape"), "shape");
  require(shape.size() >= 2, "to ", dims_text(shape), ": expected the batch and more");
  const Dims now = x.dims();
  const bool zero_keeps = node.integer("allowzero", 0) == 0;
  std::int64_t known = 1;
  std::size_t open = 0;  // the batch's place: none
  for (std::size_t i = 1; i < shape.size(); ++i) {
    require(shape[i] != kBatch, "to ", dims_text(shape), ": the batch may only be in front");
    if (shape[i] == 0 && zero_keeps && i <= now.size()) shape[i] = now[i - 1];
    if (shape[i] == -1 && open == 0) {
      open = i;
      continue;
    }
    require(shape[i] >= 1 && shape[i] <= kMostElements / known, "to ", dims_text(shape));
    known *= shape[i];
  }
  const std::int64_t count = x.shape.numel();
  const bool batch =
      reading.is_batch(shape[0]) || (shape[0] == 0 && zero_keeps) || (shape[0] == -1 && open == 0);
  require(batch && count % known == 0 && (open != 0 || count == known), "of ", dims_text(now),
          " behind the batch to ", dims_text(shape),
          ": expected the batch in front, and as many values of each image as before");
  if (open != 0) shape[open] = count / known;
  return {shape.begin() + 1, shape.end()};
}

/// As features once it is one axis; otherwise other names for the same axes.
View with_dims(Reading& reading, const OnnxNode& node, const View& x, const Dims& dims) {
  if (x.groups > 0) {
    View image = x;
    image.groups = 0;
    require(image.dims() == dims, "of an image that was reshaped to groups of channels: expected ",
            dims_text(image.dims()), ", got ", dims_text(dims));
    return image;
  }
  const bool whole = x.is_image() || (x.is_features() && !x.order);
  const bool one_group = whole && dims.size() == 2 && dims[0] == 1 && dims[1] > 1;
  if (auto view = reshaped(x, dims); view && !one_group) {
    return dims.size() == 1 ? reading.features(node, *view) : *view;
  }
  require(whole && dims.size() == 2 && x.shape[-1] % dims[0] == 0, "of ", dims_text(x.dims()),
          " to ", dims_text(dims), " behind the batch: no kind of Joule's divides or mixes axes");
  View groups = x;
  groups.groups = dims[0];
  return groups;
}

void reshape(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  reading.set(node.output(0), with_dims(reading, node, x, target(reading, node, x)));
}

void flatten(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  const Dims dims = x.dims();
  const std::int64_t axis = node.integer("axis", 1), rank = std::ssize(dims) + 1;
  require(axis == 1 || axis == 1 - rank, "axis ", axis, ": expected 1, all but the batch");
  reading.set(node.output(0), with_dims(reading, node, x, {elements(dims)}));
}

void transpose(Reading& reading, const OnnxNode& node) {
  View x = node.view(0);
  require(x.groups == 0, "of an image that was reshaped to groups of channels");
  const auto perm = node.integers("perm").value_or(std::vector<std::int64_t>{});
  auto sorted = perm;
  std::ranges::sort(sorted);
  bool is_permutation = sorted.size() == x.axes.size() + 1;
  for (std::size_t i = 0; is_permutation && i < sorted.size(); ++i) {
    is_permutation = sorted[i] == static_cast<std::int64_t>(i);
  }
  require(is_permutation && perm[0] == 0, "perm ", dims_text(perm),
          ": expected a permutation that leaves the batch in front");
  std::vector<std::vector<int>> axes;
  for (std::size_t i = 1; i < perm.size(); ++i) {
    axes.push_back(x.axes[static_cast<std::size_t>(perm[i]) - 1]);
  }
  x.axes = axes;
  reading.set(node.output(0), x);
}

void squeeze(Reading& reading, const OnnxNode& node) {
  View x = node.view(0);
  const Dims dims = x.dims();
  const auto axes = node.attribute_or_input("axes", 1);
  std::vector<bool> gone(dims.size(), false);
  for (std::size_t i = 0; !axes && i < dims.size(); ++i) gone[i] = dims[i] == 1;
  for (const std::int64_t axis : axes.value_or(std::vector<std::int64_t>{})) {
    const std::size_t at = axis_at(axis, dims.size() + 1);
    require(at > 0 && dims[at - 1] == 1, "axis ", axis, " of ", dims_text(dims),
            " behind the batch is not 1");
    gone[at - 1] = true;
  }
  Dims left;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (!gone[i]) left.push_back(dims[i]);
  }
  require(!left.empty(), "of ", dims_text(dims), ": nothing but the batch would be left");
  reading.set(node.output(0), with_dims(reading, node, x, left));
}

void unsqueeze(Reading& reading, const OnnxNode& node) {
  View x = node.view(0);
  require(x.groups == 0, "of an image that was reshaped to groups of channels");
  auto axes = node.attribute_or_input("axes", 1);
  require(axes.has_value(), "it has no axes");
  const std::size_t rank = x.axes.size() + 1 + axes->size();
  std::vector<std::size_t> places;
  for (const std::int64_t axis : *axes) places.push_back(axis_at(axis, rank));
  std::ranges::sort(places);
  for (const std::size_t at : places) {
    require(at > 0 && at - 1 <= x.axes.size(), "axes ", dims_text(*axes),
            ": expected the batch in front");
    x.axes.insert(x.axes.begin() + static_cast<std::ptrdiff_t>(at) - 1, std::vector<int>{});
  }
  reading.set(node.output(0), x);
}

/// [first, last) of one axis of the file, all of the others.
View cut(Reading& reading, const OnnxNode& node, const View& x, std::size_t axis,
         std::int64_t first, std::int64_t last) {
  const Dims dims = x.dims();
  if (first == 0 && last == dims[axis]) return x;
  require(first < last, "of ", dims_text(dims), " nothing would be left");
  require(x.groups == 0 && x.axes[axis].size() == 1 && !x.order, "of ", dims_text(dims),
          " behind the batch: the axis is not one of the net's");
  const int own = x.axes[axis][0];
  if (own == x.shape.rank() - 1) {
    return reading.add(node, "Slice", {{"first", first}, {"count", last - first}}, x);
  }
  require(x.shape.rank() == 3, "of ", dims_text(dims), " behind the batch: expected images");
  std::vector<std::int64_t> padding(4, 0);
  padding[static_cast<std::size_t>(2 * own)] = -first;
  padding[static_cast<std::size_t>(2 * own + 1)] = last - dims[axis];
  return add_padding(reading, node, x, padding);
}

void slice(Reading& reading, const OnnxNode& node) {
  View x = node.view(0);
  const auto& starts = integers_of(node.constant(1, "starts"), "starts");
  const auto& ends = integers_of(node.constant(2, "ends"), "ends");
  const Constant *const axes = node.constant_if_given(3, "axes"), *const steps =
                                                                      node.constant_if_given(
                                                                          4, "steps");
  require(starts.size() == ends.size() && (!axes || axes->integers.size() == starts.size()) &&
              (!steps || steps->integers.size() == starts.size()),
          "expected starts, ends, axes and steps of one length");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const Dims dims = x.dims();
    const std::size_t axis =
        axis_at(axes ? axes->integers[i] : static_cast<std::int64_t>(i), dims.size() + 1);
    require(!steps || steps->integers[i] == 1, "steps: expected 1");
    if (axis == 0) {
      require(starts[i] == 0 && (reading.is_batch(ends[i]) ||
                                 ends[i] >= std::numeric_limits<std::int32_t>::max()),
              "of the batch: expected all of it");
      continue;
    }
    const std::int64_t extent = dims[axis - 1];
    const auto inside = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 ? at + extent : at, 0, extent);
    };
    x = cut(reading, node, x, axis - 1, inside(starts[i]), inside(ends[i]));
  }
  reading.set(node.output(0), x);
}

void split(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  const Dims dims = x.dims();
  const std::size_t axis = axis_at(node.integer("axis", 0), dims.size() + 1);
  require(axis > 0, "of the batch");
  const std::int64_t extent = dims[axis - 1], parts = static_cast<std::int64_t>(node.outputs());
  const std::int64_t each = (extent + parts - 1) / parts;
  auto sizes = node.attribute_or_input("split", 1).value_or(Dims(node.outputs(), each));
  require(std::ssize(sizes) == parts, "split: expected ", parts, " numbers");
  std::int64_t first = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    require(sizes[i] >= 0 && first <= extent, "split: expected no negative numbers");
    const std::int64_t last = std::min(extent, first + std::min(sizes[i], extent));
    if (!node.output(i).empty() && reading.readers(node.output(i)) > 0) {
      reading.set(node.output(i), cut(reading, node, x, axis - 1, first, last));
    }
    first = last;
  }
  require(first == extent, "split: expected the sum ", extent, " of its input, got ", first);
}

void pad(Reading& reading, const OnnxNode& node) {
  const View& x = node.view(0);
  const std::string mode = node.text("mode", "constant");
  require(mode == "constant", "mode: expected constant, got ", mode);
  const Constant* const value = node.constant_if_given(2, "constant_value");
  require(!value || scalar_of(*value, "constant_value") == 0, "constant_value: expected 0");
  const auto& pads = integers_of(node.constant(1, "pads"), "pads");
  const std::size_t rank = x.axes.size() + 1;
  std::vector<std::int64_t> axes;
  for (std::size_t i = 0; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (const Constant* const given = node.constant_if_given(3, "axes")) {
    axes = integers_of(*given, "axes");
  }
  require(pads.size() == 2 * axes.size() && x.groups == 0, "pads: expected two numbers per axis");
  std::vector<std::int64_t> padding(4, 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t before = pads[i], after = pads[i + axes.size()];
    const std::size_t axis = axis_at(axes[i], rank);
    if (before == 0 && after == 0) continue;
    require(
        axis > 0 && x.shape.rank() == 3 && x.axes[axis - 1].size() == 1 && x.axes[axis - 1][0] < 2,
        "pads ", dims_text(pads), " of ", dims_text(x.dims()),
        " behind the batch: expected them around images");
    const auto own = static_cast<std::size_t>(x.axes[axis - 1][0]);
    padding[2 * own] = before;
    padding[2 * own + 1] = after;
  }
  const bool none = std::ranges::all_of(padding, [](std::int64_t p) { return p == 0; });
  reading.set(node.output(0), none ? x : add_padding(reading, node, x, padding));
}

void concat(Reading& reading, const OnnxNode& node) {
  std::vector<View> xs;
  std::int64_t channels = 0;
  std::vector<std::int64_t> order;
  bool in_order = true;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    const View& x = node.view(i);
    const std::size_t axis = axis_at(node.integer("axis", 0), x.axes.size() + 1);
    require(axis > 0 && x.channel_axis() == axis - 1 &&
                (xs.empty() || x.axes == xs[0].axes || (x.is_image() && xs[0].is_image())),
            "axis ", axis, " of ", dims_text(x.dims()), " behind the batch: expected the channels");
    require(channels + x.shape[-1] <= kMostOrdered || x.shape.rank() > 1, "too many features");
    if (x.shape.rank() == 1) {
      for (const std::int64_t at : order_of(x)) order.push_back(channels + at);
      in_order = in_order && !x.order;
    }
    channels += x.shape[-1];
    xs.push_back(x);
  }
  require(!xs.empty(), "it has no inputs");
  View y = xs.size() == 1 ? xs[0] : reading.add(node, "Concat", {}, xs);
  if (!in_order) y.order = reading.keep(std::move(order));
  reading.set(node.output(0), y);
}

}  // namespace

std::vector<Operator> shape_operators() {
  return {{"Cast", {"saturate", "to"}, cast},
          {"Concat", {"axis"}, concat},
          {"Flatten", {"axis"}, flatten},
          {"Identity", {}, identity},
          {"Pad", {"mode"}, pad},
          {"Reshape", {"allowzero"}, reshape},
          {"Slice", {}, slice},
          {"Split", {"axis", "num_outputs", "split"}, split, std::size_t{1} << 16},
          {"Squeeze", {"axes"}, squeeze},
          {"Transpose", {"perm"}, transpose},
          {"Unsqueeze", {"axes"}, unsqueeze}};
}

}  // namespace joule::exchange
