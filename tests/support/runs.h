// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/core/context.h"
#include "joule/core/op.h"
#include "joule/layers/module.h"

namespace joule::test {

/// Every operation with its layer, in order: "conv1 conv2d".
struct Runs final : WorkSink {
  Tally* record(const OpRun& run, const Work&) override {
    seen.push_back(str(run.scope.layer, " ", run.op));
    return nullptr;
  }
  std::vector<std::string> seen;
};

/// Those of a forward pass.
inline std::vector<std::string> runs_of(nn::Module& net, const Tensor& x) {
  Runs runs;
  const ContextGuard guard;
  context().sink = &runs;
  net(x);
  return runs.seen;
}

}  // namespace joule::test
