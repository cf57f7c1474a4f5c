// SPDX-License-Identifier: MIT
#include "joule/layers/padding.h"

#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/layers/functions.h"
#include "joule/layers/graph/attributes.h"

namespace joule::nn {

std::string Pad2d::describe() const {
  return str("Pad2d(top=", before_.h, ", bottom=", after_.h, ", left=", before_.w,
             ", right=", after_.w, ")");
}

LayerSpec Pad2d::spec() const {
  return {"Pad2d",
          {{"padding", std::vector<std::int64_t>{before_.h, after_.h, before_.w, after_.w}}}};
}

Tensor Pad2d::forward(Tensor x) { return pad2d(x, before_, after_); }

ResizeNearest::ResizeNearest(Repeats rows, Repeats columns)
    : rows_(std::move(rows)), columns_(std::move(columns)) {
  for (const Repeats& repeats : {std::cref(rows_), std::cref(columns_)}) {
    require(!repeats.empty(), "ResizeNearest: expected numbers of rows and of columns, got none");
    for (const std::int64_t copies : repeats) {
      require(copies >= 0 && copies <= kMostOfWindow, "ResizeNearest: expected from 0 to ",
              kMostOfWindow, " copies, got ", copies);
    }
  }
}

std::string ResizeNearest::describe() const {
  const auto text = [](const Repeats& repeats) {
    if (repeats.size() == 1) return str(repeats[0]);
    return str(repeats.size(), "->",
               std::accumulate(repeats.begin(), repeats.end(), std::int64_t{0}));
  };
  return str("ResizeNearest(rows=", text(rows_), ", columns=", text(columns_), ")");
}

LayerSpec ResizeNearest::spec() const {
  return {"ResizeNearest", {{"rows", rows_}, {"columns", columns_}}};
}

}  // namespace joule::nn
