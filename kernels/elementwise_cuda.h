// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {

/// Calls body.at<4>(i), one thread per four elements, and body.at<1>(i), one thread per remaining
/// element; without kFour, one thread per element.
template <bool kFour, class Body>
__global__ void for_each_element(std::int64_t n, Body body) {
  const std::int64_t fours = kFour ? n / 4 : 0;
  for (std::int64_t i = thread_index(); i < fours; i += thread_count()) {
    body.template at<4>(4 * i);
  }
  for (std::int64_t i = 4 * fours + thread_index(); i < n; i += thread_count()) {
    body.template at<1>(i);
  }
}

/// Queues body.at<kCount>(i), which handles kCount elements starting at i, over the elements [0,
/// n). `four`: whether all its pointers are aligned_for_four().
template <class Body>
void launch_elementwise(std::int64_t n, bool four, const Body& body) {
  if (four) {
    launch(for_each_element<true, Body>, grid_over((n + 3) / 4), n, body);
  } else {
    launch(for_each_element<false, Body>, grid_over(n), n, body);
  }
}

}  // namespace joule::cuda
