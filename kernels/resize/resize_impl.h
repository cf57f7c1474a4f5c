// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/kernels/resize/resize_nearest.h"

// What the implementations of ResizeNearest and its gradient share; private to this folder.
namespace joule {

inline std::int64_t repeats_at(const Repeats& repeats, std::int64_t row) {
  return repeats[repeats.size() == 1 ? 0 : static_cast<std::size_t>(row)];
}

/// Where the copies of each row begin in the result, and where those of the last one end.
inline std::vector<std::int64_t> starts_of(std::int64_t extent, const Repeats& repeats) {
  std::vector<std::int64_t> starts{0};
  starts.reserve(static_cast<std::size_t>(extent) + 1);
  for (std::int64_t row = 0; row < extent; ++row) {
    starts.push_back(starts.back() + repeats_at(repeats, row));
  }
  return starts;
}

/// Of which row each row of the result is a copy.
inline std::vector<std::int64_t> sources_of(std::int64_t extent, const Repeats& repeats) {
  std::vector<std::int64_t> sources;
  for (std::int64_t row = 0; row < extent; ++row) {
    const auto copies = static_cast<std::size_t>(repeats_at(repeats, row));
    sources.insert(sources.end(), copies, row);
  }
  return sources;
}

namespace cpu {
void resize_nearest_rows(const ops::ResizeNearest& op, Context& ctx, Tally* tally);
void resize_nearest_grad_rows(const ops::ResizeNearestGrad& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace cuda {
void resize_nearest(const ops::ResizeNearest& op, Context& ctx, Tally* tally);
void resize_nearest_grad(const ops::ResizeNearestGrad& op, Context& ctx, Tally* tally);
}  // namespace cuda

}  // namespace joule
