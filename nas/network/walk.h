// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/nas/network/skeleton.h"

// The net of a cell, described layer by layer, for code that builds its graph, counts it or
// predicts its energy.
namespace joule::nas {

/// The position of a layer, for its name; 0 means that it does not apply.
struct Place {
  std::int64_t stack = 0, cell = 0;
  int vertex = 0;
  const char* role = "";  // "input": the projection of the cell's input
};

/// A net's layers.  Builder has a type Value and
///
///   Value input();
///   Value conv_norm_relu(const Place&, const Value& x, std::int64_t kernel, std::int64_t out);
///   Value max_pool(const Place&, const Value& x);   3x3, the size stays
///   Value halve(const Place&, const Value& x);      2x2 max pool
///   Value truncate(const Place&, const Value& x, std::int64_t channels);
///   Value add(const Place&, std::vector<Value>);
///   Value concat(const Place&, std::vector<Value>);
///   void head(const Value& x, std::int64_t classes);
///   std::int64_t channels(const Value&);
template <class Builder>
class NetworkWalk {
 public:
  using Value = typename Builder::Value;

  /// `cell` is pruned.
  NetworkWalk(const Cell& cell, Builder& builder) : cell_(cell), builder_(builder) {}

  void net(const Skeleton& s) {
    Value x = builder_.conv_norm_relu({.role = "stem"}, builder_.input(), 3, s.channels);
    std::int64_t channels = s.channels;
    for (std::int64_t stack = 1; stack <= s.stacks; ++stack) {
      if (stack > 1) {
        x = builder_.halve({.stack = stack}, x);
        channels *= 2;
      }
      for (std::int64_t cell = 1; cell <= s.cells; ++cell) x = one({stack, cell}, x, channels);
    }
    builder_.head(x, s.classes);
  }

 private:
  /// One cell.
  Value one(Place place, const Value& x, std::int64_t out) {
    const auto channels = vertex_channels(cell_, builder_.channels(x), out);
    const int last = cell_.vertices() - 1;
    std::vector<Value> values{x}, joined;
    for (place.vertex = 1; place.vertex < last; ++place.vertex) {
      const int v = place.vertex;
      const Value sum = input_of(place, values, channels[static_cast<std::size_t>(v)]);
      values.push_back(operation(place, sum, channels[static_cast<std::size_t>(v)]));
      if (cell_.edge(v, last)) joined.push_back(values.back());
    }
    place.vertex = 0;
    std::vector<Value> sum;
    if (!joined.empty()) {
      place.role = "concat";
      sum.push_back(joined.size() == 1 ? joined[0] : builder_.concat(place, std::move(joined)));
    }
    if (cell_.edge(0, last)) sum.push_back(projected(place, x, out));
    place.role = "sum";
    return sum.size() == 1 ? sum[0] : builder_.add(place, std::move(sum));
  }

  Value input_of(Place place, const std::vector<Value>& values, std::int64_t channels) {
    std::vector<Value> sum;
    for (int from = 1; from < place.vertex; ++from) {
      if (!cell_.edge(from, place.vertex)) continue;
      const Value& value = values[static_cast<std::size_t>(from)];
      sum.push_back(
          builder_.channels(value) == channels ? value : builder_.truncate(place, value, channels));
    }
    if (cell_.edge(0, place.vertex)) sum.push_back(projected(place, values[0], channels));
    place.role = "sum";
    return sum.size() == 1 ? sum[0] : builder_.add(place, std::move(sum));
  }

  Value projected(Place place, const Value& x, std::int64_t channels) {
    place.role = "input";
    return builder_.conv_norm_relu(place, x, 1, channels);
  }

  Value operation(const Place& place, const Value& x, std::int64_t channels) {
    switch (cell_.op(place.vertex)) {
      case CellOp::conv3x3:
        return builder_.conv_norm_relu(place, x, 3, channels);
      case CellOp::conv1x1:
        return builder_.conv_norm_relu(place, x, 1, channels);
      case CellOp::maxpool3x3:
        break;
    }
    return builder_.max_pool(place, x);
  }

  const Cell& cell_;
  Builder& builder_;
};

}  // namespace joule::nas
