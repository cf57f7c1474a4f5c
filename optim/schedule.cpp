// SPDX-License-Identifier: MIT
#include "joule/optim/schedule.h"

#include <utility>

#include "joule/core/error.h"
#include "joule/optim/state_text.h"

namespace joule {

Schedule::Schedule(std::string kind, std::map<std::string, std::string> options)
    : kind_(std::move(kind)), options_(std::move(options)) {
  options_["schedule"] = kind_;
}

double Schedule::learning_rate(std::int64_t step) const {
  require(step >= 0, kind_, ": steps count from 0, got ", step);
  return at(step);
}

std::optional<double> Schedule::momentum(std::int64_t step) const {
  require(step >= 0, kind_, ": steps count from 0, got ", step);
  return momentum_at(step);
}

State Schedule::state() const { return {.tensors = {}, .values = options_}; }

void Schedule::load_state(const State& state) {
  require_state_like(kind_, state, this->state(), options_);
}

}  // namespace joule
