// SPDX-License-Identifier: MIT
#pragma once

#include <dnnl.hpp>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/threads.h"

// What the implementations by oneDNN share; private to kernels/.  Whatever calls oneDNN takes the
// `call`'s name for the DeviceError that an error of oneDNN becomes.
namespace joule::onednn {

/// The processor.
const dnnl::engine& engine();

/// Throws the DeviceError: the call, what failed in it, and the status.
[[noreturn]] void fail(std::string_view call, std::string_view what, dnnl_status_t status);

/// Runs body(), which may throw dnnl::error.
template <class Body>
decltype(auto) checked(std::string_view call, Body&& body) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    fail(call, error.what(), error.status);
  }
}

/// The code that make() makes for `key`.  Making it takes far longer than running it, and it is
/// made for a number of threads: kept per thread.
template <class Made, class Key, class Make>
const Made& made_once(std::string_view call, const Key& key, Make&& make) {
  thread_local std::map<std::pair<Key, int>, Made> made;
  const std::pair<Key, int> full_key(key, num_threads());
  const auto found = made.find(full_key);
  if (found != made.end()) return found->second;
  return made.emplace(full_key, checked(call, make)).first->second;
}

/// A tensor of oneDNN over somebody's memory, which oneDNN's interface cannot take as const.
dnnl::memory wrap(const dnnl::memory::desc& desc, const float* data);

/// Runs `primitive` to its end.
void execute(std::string_view call, const dnnl::primitive& primitive,
             const std::unordered_map<int, dnnl::memory>& arguments);

/// c [m,n] = a b, all row by row and dense; a [m,k], or [k,m] if `transpose_a`; b [k,n].
void sgemm(bool transpose_a, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
           const float* b, float* c);

}  // namespace joule::onednn
