// SPDX-License-Identifier: MIT
#pragma once

#include <dnnl.hpp>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "joule/core/threads.h"

// What the implementations by oneDNN share; private to kernels/.  Whatever calls oneDNN takes the
// `call`'s name for the DeviceError that an error of oneDNN becomes, and the team for which the
// whole operation is divided: oneDNN asks OpenMP how many threads there are when it makes code, and
// again when that runs, and where the answers differ, or OpenMP does not keep its word, it leaves
// out work.
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

/// oneDNN does not check whether it got memory for the code that it makes, and writes to address 0:
/// this asks for more than that needs, and gives it back.
///
/// Errors    DeviceError if there is not that much.
void require_room(std::string_view call);

/// The code that make() makes for `key`.  Making it takes far longer than running it, and it is
/// made for a number of threads: kept per thread.
template <class Made, class Key, class Make>
const Made& made_once(const FixedTeam& team, std::string_view call, const Key& key, Make&& make) {
  thread_local std::map<std::pair<Key, int>, Made> made;
  const std::pair<Key, int> full_key(key, team.threads());
  const auto found = made.find(full_key);
  if (found != made.end()) return found->second;
  require_room(call);
  return made.emplace(full_key, checked(call, make)).first->second;
}

/// A tensor of oneDNN over somebody's memory, which oneDNN's interface cannot take as const.
dnnl::memory wrap(const dnnl::memory::desc& desc, const float* data);

/// Every primitive is made with these: its scratch memory comes from execute().  oneDNN's own is
/// not checked where it is taken, and writes to address 0 when there is none left.
const dnnl::primitive_attr& attributes();

/// Runs `primitive` to its end.
///
/// Errors    DeviceError as Storage's, if its scratch memory cannot be had.
void execute(const FixedTeam& team, std::string_view call, const dnnl::primitive& primitive,
             std::unordered_map<int, dnnl::memory> arguments);

/// c [m,n] = a b, all row by row and dense; a [m,k], or [k,m] if `transpose_a`; b [k,n].
void sgemm(const FixedTeam& team, bool transpose_a, std::int64_t m, std::int64_t n, std::int64_t k,
           const float* a, const float* b, float* c);

}  // namespace joule::onednn
