// SPDX-License-Identifier: MIT
#include "joule/nas/network/network.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/nas/network/walk.h"

namespace joule::nas {
namespace {

constexpr double kEpsilon = 1e-5;

/// "stack1.cell2.vertex3.input."
std::string prefix_of(const Place& place) {
  std::string text;
  if (place.stack > 0) text += str("stack", place.stack, ".");
  if (place.cell > 0) text += str("cell", place.cell, ".");
  if (place.vertex > 0) text += str("vertex", place.vertex, ".");
  return text;
}

class GraphBuilder {
 public:
  struct Value {
    std::string name;
    std::int64_t channels;
  };

  GraphBuilder(const Skeleton& s, const std::string& name) : momentum_(s.norm_momentum) {
    graph_.name = name;
    graph_.inputs = {{"input", {s.height, s.width, s.colours}}};
  }

  nn::Graph take() { return std::move(graph_); }

  Value input() { return {"input", graph_.inputs[0].shape[2]}; }
  std::int64_t channels(const Value& x) const { return x.channels; }

  Value conv_norm_relu(const Place& place, const Value& x, std::int64_t kernel, std::int64_t out) {
    const std::string role = *place.role == '\0' ? "" : str(place.role, ".");
    const std::string prefix = prefix_of(place) + role;
    put(prefix + "conv", "Conv2d", {x.name},
        {{"in", x.channels},
         {"out", out},
         {"kernel", nn::list(Size2(kernel))},
         {"padding", nn::list(Size2(kernel / 2))},
         {"bias", false}});
    put(prefix + "norm", "BatchNorm", {prefix + "conv"},
        {{"channels", out}, {"epsilon", kEpsilon}, {"momentum", momentum_}});
    return put(prefix + "relu", "ReLU", {prefix + "norm"}, {}, out);
  }

  Value max_pool(const Place& place, const Value& x) {
    return put(prefix_of(place) + "pool", "MaxPool2d", {x.name},
               {{"kernel", nn::list(Size2(3))},
                {"stride", nn::list(Size2(1))},
                {"padding", nn::list(Size2(1))}},
               x.channels);
  }

  Value halve(const Place& place, const Value& x) {
    return put(
        prefix_of(place) + "downsample", "MaxPool2d", {x.name},
        {{"kernel", nn::list(Size2(2))}, {"stride", nn::list(Size2(2))}, {"ceil_mode", true}},
        x.channels);
  }

  /// Of a value that two vertices truncate each has its own node.
  Value truncate(const Place& place, const Value& x, std::int64_t channels) {
    const std::size_t cell_end = prefix_of({place.stack, place.cell}).size();
    const std::size_t vertex_end = x.name.find('.', cell_end);
    return put(prefix_of(place) + "first_of_" + x.name.substr(cell_end, vertex_end - cell_end),
               "Slice", {x.name}, {{"count", channels}}, channels);
  }

  Value add(const Place& place, const std::vector<Value>& xs) {
    return put(prefix_of(place) + place.role, "Add", names_of(xs), {}, xs[0].channels);
  }

  Value concat(const Place& place, const std::vector<Value>& xs) {
    std::int64_t channels = 0;
    for (const Value& x : xs) channels += x.channels;
    return put(prefix_of(place) + place.role, "Concat", names_of(xs), {}, channels);
  }

  void head(const Value& x, std::int64_t classes) {
    put("mean", "GlobalAvgPool", {x.name}, {});
    put("head", "Linear", {"mean"}, {{"in", x.channels}, {"out", classes}});
    graph_.outputs = {"head"};
  }

 private:
  static std::vector<std::string> names_of(const std::vector<Value>& xs) {
    std::vector<std::string> names;
    for (const Value& x : xs) names.push_back(x.name);
    return names;
  }

  Value put(const std::string& name, const std::string& kind, std::vector<std::string> inputs,
            nn::Attributes attributes, std::int64_t channels = 0) {
    graph_.nodes.push_back({.name = name,
                            .kind = kind,
                            .attributes = std::move(attributes),
                            .inputs = std::move(inputs)});
    return {name, channels};
  }

  double momentum_;
  nn::Graph graph_;
};

class Counter {
 public:
  struct Value {
    std::int64_t height, width, channels, depth;

    std::int64_t numel() const { return height * width * channels; }
  };

  explicit Counter(const Skeleton& s) : image_{s.height, s.width, s.colours, 0} {}

  NetworkCounts counts() const { return counts_; }

  Value input() { return image_; }
  std::int64_t channels(const Value& x) const { return x.channels; }

  Value conv_norm_relu(const Place&, const Value& x, std::int64_t kernel, std::int64_t out) {
    const std::int64_t weights = kernel * kernel * x.channels * out;
    counts_.parameters += weights + 2 * out;
    counts_.macs += taps(x.height, kernel) * taps(x.width, kernel) * x.channels * out;
    return put(x.numel(), {x.height, x.width, out, x.depth + 1}, weights + 4 * out);
  }

  Value max_pool(const Place&, const Value& x) { return put(x.numel(), x); }

  Value halve(const Place&, const Value& x) {
    return put(x.numel(), {(x.height + 1) / 2, (x.width + 1) / 2, x.channels, x.depth});
  }

  Value truncate(const Place&, const Value& x, std::int64_t channels) {
    const Value y{x.height, x.width, channels, x.depth};
    return put(y.numel(), y);
  }

  Value add(const Place&, const std::vector<Value>& xs) {
    Value y = xs[0];
    for (const Value& x : xs) y.depth = std::max(y.depth, x.depth);
    return put(y.numel() * static_cast<std::int64_t>(xs.size()), y);
  }

  Value concat(const Place&, const std::vector<Value>& xs) {
    Value y = xs[0];
    y.channels = 0;
    for (const Value& x : xs) {
      y.channels += x.channels;
      y.depth = std::max(y.depth, x.depth);
    }
    return put(y.numel(), y);
  }

  void head(const Value& x, std::int64_t classes) {
    const Value mean = put(x.numel(), {1, 1, x.channels, x.depth});
    const std::int64_t weights = (x.channels + 1) * classes;
    counts_.parameters += weights;
    counts_.macs += x.channels * classes;
    counts_.depth = put(mean.numel(), {1, 1, classes, x.depth + 1}, weights).depth;
  }

 private:
  /// Taps of a kernel that keeps the size, over all places along one side.
  static std::int64_t taps(std::int64_t extent, std::int64_t kernel) {
    std::int64_t sum = extent;
    for (std::int64_t off = 1; off <= kernel / 2; ++off) {
      sum += 2 * std::max<std::int64_t>(0, extent - off);
    }
    return sum;
  }

  Value put(std::int64_t read, const Value& y, std::int64_t weights = 0) {
    counts_.bytes += static_cast<std::int64_t>(sizeof(float)) * (read + weights + y.numel());
    counts_.activations += y.numel();
    return y;
  }

  Value image_;
  NetworkCounts counts_;
};

}  // namespace

nn::Graph network_of(const Cell& cell, const Skeleton& skeleton, const std::string& name) {
  check(skeleton);
  const Cell left = pruned(cell);
  GraphBuilder builder(skeleton, name);
  NetworkWalk(left, builder).net(skeleton);
  return builder.take();
}

NetworkCounts counts_of(const Cell& cell, const Skeleton& skeleton) {
  check(skeleton);
  const Cell left = pruned(cell);
  Counter counter(skeleton);
  NetworkWalk(left, counter).net(skeleton);
  return counter.counts();
}

}  // namespace joule::nas
