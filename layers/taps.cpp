// SPDX-License-Identifier: MIT
#include "joule/layers/taps.h"

namespace joule {
namespace {
thread_local TapCollector* innermost = nullptr;
}

TapCollector::TapCollector(const TapOptions& options) : options_(options), outer_(innermost) {
  require(options.sigma >= 0, "taps: sigma must not be negative, got ", options.sigma);
  require_cutoff("taps", options.cutoff);
  innermost = this;
}
TapCollector::~TapCollector() { innermost = outer_; }
TapCollector* TapCollector::current() { return innermost; }

}  // namespace joule
