// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "joule/core/shape.h"
#include "joule/exchange/onnx/constant.h"

namespace joule::exchange {

/// A value that is computed when the net runs: its name in the net, and how the file's axes map to
/// the net's.  So a transposition or reshape moves no data: an image's axes are {{2},{0},{1}}
/// ([N,C,H,W] of [H,W,C]), those of the same image flattened {{2,0,1}}.
struct View {
  std::string value;  // in the net, without the batch
  Shape shape{};      // there, without the batch
  /// For each axis of the file after the batch, the axes of `shape` that make it up, outermost
  /// first; empty: its extent is 1.
  std::vector<std::vector<int>> axes{};
  /// For features, as OnnxPort::order; null: in the file's order.
  std::shared_ptr<const std::vector<std::int64_t>> order{};
  /// For an image that was reshaped to [N,groups,...], for an InstanceNormalization.
  std::int64_t groups = 0;

  /// The file's dimensions, without the batch.
  Dims dims() const;
  /// [N,C,H,W] of the net's [H,W,C].
  bool is_image() const;
  /// [N,F] of the net's [F], perhaps with axes of 1: [N,F,1,1].
  bool is_features() const;
  /// The index in `axes` of the net's channels (its last axis) alone.
  std::optional<std::size_t> channel_axis() const;
};

/// The view of an input with these dimensions (without the batch).
/// Errors    ArgumentError for a rank that Joule does not support.
View input_view(const std::string& value, const Dims& dims);

/// The same values with dimensions `dims`, if no axis of the net has to be split; otherwise empty.
std::optional<View> reshaped(const View& view, const Dims& dims);

/// The order of all values, as OnnxPort::order.
/// Errors    ArgumentError if there are more than kMostOrdered.
std::vector<std::int64_t> order_of(const View& view);

/// Whether the order is 0, 1, 2, ...
bool is_in_order(const std::vector<std::int64_t>& order);

/// The meaning of an ONNX name: a constant or a view.
struct OnnxValue {
  ConstantPtr constant{};
  std::optional<View> view{};
};

}  // namespace joule::exchange
