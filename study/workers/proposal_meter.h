// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "joule/study/value.h"
#include "joule/training/energy/metering.h"

namespace joule::study {

/// Measures the cost of proposing a point, which is part of the cost of a search.
class ProposalMeter {
 public:
  /// `meters` as for energy::open_run_meters(), opened at the first measurement; empty: only the
  /// clock.
  explicit ProposalMeter(std::string meters) : selection_(std::move(meters)) {}

  /// Calls `propose` and returns its cost: kProposalTime, and with meters kProposalEnergy, which is
  /// unavailable if they cannot be read, while a trial holds them, or if the energy was too little
  /// for them.
  ///
  /// Errors    as open_run_meters(); what `propose` throws.
  std::vector<Value> measure(const std::function<void()>& propose);

 private:
  std::string selection_;
  std::shared_ptr<training::Metering> metering_;
};

}  // namespace joule::study
