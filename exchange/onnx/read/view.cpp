// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/read/view.h"

#include <algorithm>

#include "joule/core/error.h"

namespace joule::exchange {
namespace {

std::int64_t extent(const View& view, const std::vector<int>& axes) {
  std::int64_t product = 1;
  for (const int axis : axes) product *= view.shape[axis];
  return product;
}

/// Whether the axes are these; where an axis of extent 1 stands says nothing.
bool are(const View& view, const std::vector<std::vector<int>>& expected) {
  const auto without_ones = [&](std::vector<int> axes) {
    std::erase_if(axes, [&](int axis) { return view.shape[axis] == 1; });
    return axes;
  };
  return std::ranges::equal(view.axes, expected, {}, without_ones, without_ones);
}

}  // namespace

Dims View::dims() const {
  if (groups > 0) return {groups, shape.numel() / groups};
  Dims dims;
  for (const auto& made_of : axes) dims.push_back(extent(*this, made_of));
  return dims;
}

bool View::is_image() const {
  return groups == 0 && shape.rank() == 3 && are(*this, {{2}, {0}, {1}});
}

bool View::is_features() const {
  if (groups > 0 || shape.rank() != 1 || axes.empty()) return false;
  std::vector<std::vector<int>> expected(axes.size());
  expected[0] = {0};
  return are(*this, expected);
}

std::optional<std::size_t> View::channel_axis() const {
  if (groups > 0) return {};
  if (is_image() || is_features()) return 0;
  const auto found = std::ranges::find(axes, std::vector<int>{shape.rank() - 1});
  if (found == axes.end()) return {};
  return static_cast<std::size_t>(found - axes.begin());
}

View input_view(const std::string& value, const Dims& dims) {
  switch (dims.size()) {
    case 1:
      return {value, Shape(dims), {{0}}};
    case 2:
      return {value, Shape(dims), {{0}, {1}}};
    case 3:
      return {value, Shape{dims[1], dims[2], dims[0]}, {{2}, {0}, {1}}};
    default:
      throw ArgumentError(str("expected one to three dimensions behind the batch, got ",
                              dims.size(), ": ", dims_text(dims)));
  }
}

std::optional<View> reshaped(const View& view, const Dims& dims) {
  if (view.groups > 0) return {};
  std::vector<int> factors;
  for (const auto& made_of : view.axes) {
    for (const int axis : made_of) {
      if (view.shape[axis] > 1) factors.push_back(axis);
    }
  }
  View result = view;
  result.axes.clear();
  std::size_t next = 0;
  for (const std::int64_t dim : dims) {
    std::vector<int> made_of;
    std::int64_t product = 1;
    while (product < dim && next < factors.size()) {
      product *= view.shape[factors[next]];
      made_of.push_back(factors[next++]);
    }
    if (product != dim) return {};
    result.axes.push_back(made_of);
  }
  if (next != factors.size()) return {};
  return result;
}

std::vector<std::int64_t> order_of(const View& view) {
  const std::int64_t count = view.shape.numel();
  require(count <= kMostOrdered, "expected at most ", kMostOrdered, " values, got ", view.shape);
  if (view.order) return *view.order;
  std::vector<std::int64_t> strides(static_cast<std::size_t>(view.shape.rank()), 0);
  std::int64_t stride = 1;
  for (auto made_of = view.axes.rbegin(); made_of != view.axes.rend(); ++made_of) {
    for (auto axis = made_of->rbegin(); axis != made_of->rend(); ++axis) {
      strides[static_cast<std::size_t>(*axis)] = stride;
      stride *= view.shape[*axis];
    }
  }
  std::vector<std::int64_t> order{0};
  for (int axis = 0; axis < view.shape.rank(); ++axis) {
    std::vector<std::int64_t> longer;
    longer.reserve(order.size() * static_cast<std::size_t>(view.shape[axis]));
    for (const std::int64_t at : order) {
      for (std::int64_t i = 0; i < view.shape[axis]; ++i) {
        longer.push_back(at + i * strides[static_cast<std::size_t>(axis)]);
      }
    }
    order = std::move(longer);
  }
  return order;
}

bool is_in_order(const std::vector<std::int64_t>& order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

}  // namespace joule::exchange
