// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "joule/study/value.h"
#include "joule/training/energy/metering.h"

namespace joule::study {

/// What it takes to propose a point: a search spends that, too.
class ProposalMeter {
 public:
  /// `meters` as energy::open_run_meters(), opened by the first measurement; empty: the clock
  /// alone.
  explicit ProposalMeter(std::string meters) : selection_(std::move(meters)) {}

  /// Calls `propose` and returns what it took: kProposalTime, and with meters kProposalEnergy,
  /// which is unavailable where they cannot be read, while a trial holds them, or if it was too
  /// little for them.
  ///
  /// Errors    as open_run_meters(); what `propose` throws.
  std::vector<Value> measure(const std::function<void()>& propose);

 private:
  std::string selection_;
  std::shared_ptr<training::Metering> metering_;
};

}  // namespace joule::study
