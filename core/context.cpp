// SPDX-License-Identifier: MIT
#include "joule/core/context.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "joule/core/batch_share.h"
#include "joule/core/error.h"

namespace joule {
namespace {

using Forced = std::map<std::string, std::string_view, std::less<>>;

Forced parse_forced(const char* text) {
  Forced forced;
  for (std::string_view rest = text ? text : ""; !rest.empty();) {
    const std::string_view entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const std::size_t colon = entry.find(':');
    require(colon != std::string_view::npos && colon > 0 && colon + 1 < entry.size(),
            "JOULE_FORCE: expected op:implementation[,op:implementation...], got '", entry, "'");
    forced[std::string(entry.substr(0, colon))] = intern(entry.substr(colon + 1));
  }
  return forced;
}

std::mutex forced_mutex;

Forced& forced() {
  static Forced forced = parse_forced(std::getenv("JOULE_FORCE"));
  return forced;
}

}  // namespace

Context& context() {
  thread_local Context current;
  return current;
}

namespace {

BatchShare& share_now() {
  thread_local BatchShare share;
  return share;
}

}  // namespace

const BatchShare& batch_share() { return share_now(); }

SharedBatch::SharedBatch(BatchShare share) : outer_(std::exchange(share_now(), std::move(share))) {}
SharedBatch::~SharedBatch() { share_now() = std::move(outer_); }

std::string_view intern(std::string_view text) {
  static std::mutex mutex;
  static auto* const texts = new std::set<std::string, std::less<>>;  // outlives every user
  const std::lock_guard lock(mutex);
  const auto found = texts->find(text);
  return found != texts->end() ? *found : *texts->emplace(text).first;
}

void force_implementation(std::string_view op, std::string_view implementation) {
  const std::lock_guard lock(forced_mutex);
  if (implementation.empty()) {
    forced().erase(std::string(op));
  } else {
    forced()[std::string(op)] = intern(implementation);
  }
}

std::string_view forced_implementation(std::string_view op) {
  const std::lock_guard lock(forced_mutex);
  const auto found = forced().find(op);
  return found == forced().end() ? std::string_view() : found->second;
}

}  // namespace joule
