// SPDX-License-Identifier: MIT
#pragma once

#include <dnnl.hpp>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "joule/core/threads.h"

// What the oneDNN implementations share; private to kernels/.  A function that calls oneDNN takes
// `call`, the name for the DeviceError that an error of oneDNN becomes, and the team for which the
// whole operation is divided.  oneDNN asks OpenMP for the number of threads when it generates code
// and again when the code runs; if the answers differ, or OpenMP does not keep its promise, it
// omits part of the work.
namespace joule::onednn {

/// The CPU engine.
const dnnl::engine& engine();

/// Throws DeviceError with the call, what failed in it, and the status.
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

/// oneDNN does not check whether it got memory for the code that it generates, and writes to
/// address 0 if not.  This asks for more memory than that needs, and frees it.
///
/// Errors    DeviceError if that much is not available.
void require_room(std::string_view call);

/// Returns what make() generates for `key`, cached per thread: generating takes far longer than
/// running, and the code is for a fixed number of threads.
template <class Made, class Key, class Make>
const Made& made_once(const FixedTeam& team, std::string_view call, const Key& key, Make&& make) {
  thread_local std::map<std::pair<Key, int>, Made> made;
  const std::pair<Key, int> full_key(key, team.threads());
  const auto found = made.find(full_key);
  if (found != made.end()) return found->second;
  require_room(call);
  return made.emplace(full_key, checked(call, make)).first->second;
}

/// Wraps memory as a oneDNN tensor; oneDNN's interface cannot take it as const.
dnnl::memory wrap(const dnnl::memory::desc& desc, const float* data);

/// Attributes for every primitive: its scratch memory comes from execute().  oneDNN does not check
/// its own scratch memory, and writes to address 0 if none is left.
const dnnl::primitive_attr& attributes();

/// Runs `primitive` to completion.
///
/// Errors    DeviceError as Storage's, if there is no memory for its scratch space.
void execute(const FixedTeam& team, std::string_view call, const dnnl::primitive& primitive,
             std::unordered_map<int, dnnl::memory> arguments);

/// c [m,n] = a b, all row-major and dense; a [m,k], or [k,m] if `transpose_a`; b [k,n].
void sgemm(const FixedTeam& team, bool transpose_a, std::int64_t m, std::int64_t n, std::int64_t k,
           const float* a, const float* b, float* c);

}  // namespace joule::onednn
