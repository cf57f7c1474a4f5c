// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "joule/core/error.h"

namespace joule {

/// A thread that runs `body`; `task` says what it does, as in "prepares batches".  Thread is
/// std::jthread or std::thread.
///
/// Errors    std::system_error that names the task, where the library's says only "Resource
///           temporarily unavailable".
template <class Thread = std::jthread, class Body>
Thread start_thread(std::string_view task, Body&& body) {
  try {
    return Thread(std::forward<Body>(body));
  } catch (const std::system_error& error) {
    throw std::system_error(
        error.code(), str("a thread that ", task, " cannot be started: too little memory, or ",
                          "more threads than `ulimit -u` allows"));
  }
}

}  // namespace joule
