// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <thread>
#include <vector>

#include "joule/core/system/start_thread.h"
#include "joule/core/threads.h"

namespace joule::nas {

/// Calls body(begin, end) on pieces of [0, n), each in its own thread; body must not throw.
template <class Body>
void in_parallel(std::size_t n, const Body& body) {
  const auto pieces = static_cast<std::size_t>(num_threads());
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < pieces; ++i) {
    threads.push_back(start_thread("does a part of the work",
                                   [&, i] { body(n * i / pieces, n * (i + 1) / pieces); }));
  }
  body(0, n / pieces);
}

}  // namespace joule::nas
