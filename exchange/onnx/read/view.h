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

/// A value that is computed when the net runs: where it lies in the net, and how the file's axes
/// are made of the net's.  So a transposition or a reshape moves nothing: an image's axes are
/// {{2},{0},{1}} ([N,C,H,W] of [H,W,C]), those of the same image flattened {{2,0,1}}.
struct View {
  std::string value;  // of the graph
  Shape shape{};      // there, without the batch
  /// Of each axis of the file behind the batch the axes of `shape` that it is made of, outermost
  /// first; none: its extent is 1.
  std::vector<std::vector<int>> axes{};
  /// Of features, as OnnxPort::order; null: in the file's order.
  std::shared_ptr<const std::vector<std::int64_t>> order{};
  /// Of an image that was reshaped to [N,groups,...], for an InstanceNormalization.
  std::int64_t groups = 0;

  /// The file's dimensions, without the batch.
  Dims dims() const;
  /// [N,C,H,W] of the net's [H,W,C].
  bool is_image() const;
  /// [N,F] of the net's [F], perhaps with axes of 1: [N,F,1,1].
  bool is_features() const;
  /// The axis of `axes` that is the net's channels alone (its last axis).
  std::optional<std::size_t> channel_axis() const;
};

/// The view that an input of those dimensions (without the batch) has.
/// Errors    ArgumentError for a rank that Joule has not.
View input_view(const std::string& value, const Dims& dims);

/// The same values as `dims`, where an axis of the net is not torn apart; otherwise none.
std::optional<View> reshaped(const View& view, const Dims& dims);

/// Of all values as OnnxPort::order.
/// Errors    ArgumentError if there are more than kMostOrdered.
std::vector<std::int64_t> order_of(const View& view);

/// Whether that is 0, 1, 2 ...
bool is_in_order(const std::vector<std::int64_t>& order);

/// What an ONNX name stands for: one of both.
struct OnnxValue {
  ConstantPtr constant{};
  std::optional<View> view{};
};

}  // namespace joule::exchange
