// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/features.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/nas/network/network.h"
#include "joule/nas/network/walk.h"
#include "joule/nas/surrogate/in_parallel.h"

namespace joule::nas {
namespace {

enum LayerKind : std::int64_t {
  kConv3x3,
  kConv1x1,
  kProjection,
  kMaxPool,
  kAdd,
  kConcat,
  kTruncate
};
constexpr std::int64_t kConvolutions = 3, kKinds = 7;

struct Layer {
  LayerKind kind;
  std::int64_t side, in, out, inputs;
};

/// Writes down the layers that NetworkWalk tells.
struct Recorder {
  struct Value {
    std::int64_t channels = 0, side = 0;
  };
  const Skeleton& skeleton;
  std::vector<Layer> layers{};

  Value input() { return {skeleton.colours, skeleton.height}; }
  Value conv_norm_relu(const Place& place, const Value& x, std::int64_t kernel, std::int64_t out) {
    const bool projects = std::string_view(place.role) == "input";
    const LayerKind kind = kernel == 3 ? kConv3x3 : projects ? kProjection : kConv1x1;
    return put({kind, x.side, x.channels, out, 1});
  }
  Value max_pool(const Place&, const Value& x) {
    return put({kMaxPool, x.side, x.channels, x.channels, 1});
  }
  Value halve(const Place&, const Value& x) { return {x.channels, x.side / 2}; }
  Value truncate(const Place&, const Value& x, std::int64_t channels) {
    return put({kTruncate, x.side, x.channels, channels, 1});
  }
  Value add(const Place&, const std::vector<Value>& xs) {
    return put(
        {kAdd, xs[0].side, xs[0].channels, xs[0].channels, static_cast<std::int64_t>(xs.size())});
  }
  Value concat(const Place&, const std::vector<Value>& xs) {
    std::int64_t channels = 0;
    for (const Value& x : xs) channels += x.channels;
    return put({kConcat, xs[0].side, channels, channels, static_cast<std::int64_t>(xs.size())});
  }
  void head(const Value&, std::int64_t) {}
  std::int64_t channels(const Value& value) const { return value.channels; }

 private:
  Value put(const Layer& layer) {
    layers.push_back(layer);
    return {layer.out, layer.side};
  }
};

std::vector<Layer> recorded(const Cell& cell, const Skeleton& skeleton) {
  Recorder recorder{.skeleton = skeleton};
  NetworkWalk(cell, recorder).net(skeleton);
  return std::move(recorder.layers);
}

/// Of the layers of one kind: count, values put out, MACs in all and at each of three sizes.
void add_convolutions(std::vector<double>& to, const std::vector<Layer>& layers, LayerKind kind,
                      const Skeleton& skeleton) {
  std::array<double, 6> sums{};
  for (const Layer& layer : layers) {
    if (layer.kind != kind) continue;
    const double out = static_cast<double>(layer.side * layer.side * layer.out);
    const double macs = out * static_cast<double>(layer.in * (kind == kConv3x3 ? 9 : 1));
    sums[0] += 1;
    sums[1] += out;
    sums[2] += macs;
    const std::size_t stack = layer.side == skeleton.height       ? 0
                              : layer.side == skeleton.height / 2 ? 1
                                                                  : 2;
    sums[3 + stack] += macs;
  }
  to.insert(to.end(), sums.begin(), sums.end());
}

void add_moves(std::vector<double>& to, const std::vector<Layer>& layers, LayerKind kind) {
  double count = 0, values = 0;
  for (const Layer& layer : layers) {
    if (layer.kind != kind) continue;
    count += 1;
    values += static_cast<double>(layer.side * layer.side * layer.out * layer.inputs);
  }
  to.push_back(count);
  to.push_back(values);
}

/// Vertices on the longest way from input to output that count.
template <class Counts>
double longest(const Cell& cell, const Counts& counts) {
  std::array<double, Cell::kMostVertices> way{};
  for (int v = 1; v < cell.vertices(); ++v) {
    double& here = way[static_cast<std::size_t>(v)];
    for (int u = 0; u < v; ++u) {
      if (cell.edge(u, v)) here = std::max(here, way[static_cast<std::size_t>(u)]);
    }
    if (v + 1 < cell.vertices() && counts(cell.op(v))) here += 1;
  }
  return way[static_cast<std::size_t>(cell.vertices() - 1)];
}

void add_cell(std::vector<double>& to, const Cell& cell, const Skeleton& skeleton) {
  to.push_back(cell.vertices());
  to.push_back(cell.edges());
  to.push_back(longest(cell, [](CellOp) { return true; }));
  to.push_back(longest(cell, [](CellOp op) { return op != CellOp::maxpool3x3; }));
  const auto channels = vertex_channels(cell, skeleton.channels, skeleton.channels);
  const auto inner = std::span(channels).subspan(1, static_cast<std::size_t>(cell.interior()));
  to.push_back(inner.empty() ? 0 : static_cast<double>(*std::ranges::max_element(inner)));
  to.push_back(inner.empty() ? 0 : static_cast<double>(*std::ranges::min_element(inner)));
  const int last = cell.vertices() - 1;
  double feeding = 0;
  for (int v = 1; v < last; ++v) feeding += cell.edge(v, last);
  to.push_back(feeding);
  to.push_back(cell.edge(0, last));
  for (const CellOp op : {CellOp::conv3x3, CellOp::conv1x1, CellOp::maxpool3x3}) {
    to.push_back(static_cast<double>(std::ranges::count(cell.ops(), op)));
  }
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const char* const kind : {"conv3x3", "conv1x1", "projection"}) {
    for (const char* const what :
         {"layers", "values", "MACs", "MACs in stack 1", "MACs in stack 2", "MACs in stack 3"}) {
      all.push_back(str(kind, ' ', what));
    }
  }
  for (const char* const kind : {"max pool", "add", "concat", "truncate"}) {
    for (const char* const what : {"layers", "values"}) all.push_back(str(kind, ' ', what));
  }
  for (const char* const what :
       {"parameters", "vertices", "edges", "longest way", "convolutions on the longest way",
        "most channels", "fewest channels", "vertices that feed the output", "input to output",
        "conv3x3", "conv1x1", "maxpool3x3"}) {
    all.emplace_back(what);
  }
  return all;
}

}  // namespace

std::span<const std::string> feature_names() {
  static const std::vector<std::string> all = names();
  return all;
}

std::vector<double> features_of(const Cell& given, const Skeleton& skeleton) {
  check(skeleton);
  require(skeleton.stacks == 3, "features of a net: expected 3 stacks, got ", skeleton.stacks);
  const Cell cell = pruned(given);
  const std::vector<Layer> layers = recorded(cell, skeleton);
  std::vector<double> features;
  features.reserve(feature_names().size());
  for (std::int64_t kind = 0; kind < kConvolutions; ++kind) {
    add_convolutions(features, layers, static_cast<LayerKind>(kind), skeleton);
  }
  for (std::int64_t kind = kConvolutions; kind < kKinds; ++kind) {
    add_moves(features, layers, static_cast<LayerKind>(kind));
  }
  features.push_back(static_cast<double>(counts_of(cell, skeleton).parameters));
  add_cell(features, cell, skeleton);
  return features;
}

Rows features_of(std::span<const Cell> cells) {
  for (const Cell& cell : cells) checked(cell, {.vertices = Cell::kMostVertices, .edges = 21});
  Rows rows{.columns = feature_names().size()};
  rows.values.resize(cells.size() * rows.columns);
  in_parallel(cells.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      std::ranges::copy(features_of(cells[i]), rows.values.data() + i * rows.columns);
    }
  });
  return rows;
}

std::vector<std::array<std::int64_t, 5>> layers_of(const Cell& cell, const Skeleton& skeleton) {
  std::vector<std::array<std::int64_t, 5>> all;
  for (const Layer& of : recorded(pruned(cell), skeleton)) {
    all.push_back({of.kind, of.side, of.in, of.out, of.inputs});
  }
  std::ranges::sort(all);
  return all;
}

std::array<float, kPaperInputs> paper_inputs(const Cell& cell, double parameters) {
  std::array<float, kPaperInputs> inputs{};
  std::size_t at = 0;
  for (int from = 0; from < Cell::kMostVertices; ++from) {
    for (int to = from; to < Cell::kMostVertices; ++to, ++at) {
      inputs[at] = from < to && to < cell.vertices() && cell.edge(from, to) ? 1.0F : 0.0F;
    }
  }
  for (int v = 0; v < cell.vertices(); ++v, ++at) {
    if (v == 0 || v + 1 == cell.vertices()) {
      inputs[at] = v == 0 ? 1.0F : 5.0F;
    } else {
      const CellOp op = cell.op(v);
      inputs[at] = op == CellOp::conv1x1 ? 2.0F : op == CellOp::conv3x3 ? 3.0F : 4.0F;
    }
  }
  inputs.back() = static_cast<float>(parameters / 1e6);
  return inputs;
}

}  // namespace joule::nas
